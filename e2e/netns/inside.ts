/** Nodes and clients in a network namespace. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { BIN, callTool, type NodeProcess, startNode, until } from '../node-process.ts'
import type { Namespaces } from './namespaces.ts'

/** A node as a person starts it there. */
export function startInside(
  spaces: Namespaces,
  role: string,
  args: string[],
  dataDir?: string,
): Promise<NodeProcess> {
  return startNode({
    within: execIn(spaces, role),
    args: ['--log.level', 'info', ...args],
    ...(dataDir === undefined ? {} : { dataDir }),
  })
}

/** An MCP client there, by the command that editors start. */
export async function clientInside(spaces: Namespaces, role: string, node: NodeProcess): Promise<Client> {
  const [command = '', ...args] = [...execIn(spaces, role), process.execPath, BIN]
  const client = new Client({ name: 'netns', version: '1' })
  await client.connect(
    new StdioClientTransport({ command, args: [...args, 'stdio', '--url', node.origin], stderr: 'ignore' }),
  )
  return client
}

export interface PeerSeen {
  peer_id: string
  self: boolean
  kind: string
  connected: boolean
  credits: number
  path?: string
  rtt_ms?: number
}

export async function peersSeen(client: Client): Promise<PeerSeen[]> {
  const { peers } = await callTool<{ peers: PeerSeen[] }>(client, 'p2p_peer_list')
  return peers
}

/** Waits until a peer is seen as wanted; gives it, and how many milliseconds that took. */
export async function untilPeer(
  what: string,
  client: Client,
  fits: (peer: PeerSeen) => boolean,
  withinMs?: number,
): Promise<{ peer: PeerSeen; ms: number }> {
  const began = performance.now()
  const peer = await until(
    what,
    async () => (await peersSeen(client)).find(found => !found.self && fits(found)),
    withinMs,
  )
  return { peer, ms: Math.round(performance.now() - began) }
}

/** Tasks that one peer has to run, each with a result of its own; waits for them. */
export async function runTasks(client: Client, target: string, count: number): Promise<number> {
  const began = performance.now()
  const tasks = Array.from({ length: count }, (_, n) => ({
    tool: 'crypto_hash',
    params: { text: `${n}` },
    target,
  }))
  const { tasks: accepted } = await callTool<{ tasks: { task_id: string }[] }>(
    client,
    'p2p_taskqueue_submit',
    { tasks },
  )
  for (const { task_id } of accepted) {
    const ended = await callTool<{ state: string }>(client, 'p2p_taskqueue_get_result', {
      task_id,
      wait_ms: 50_000,
    })
    if (ended.state !== 'succeeded') throw new Error(`${task_id}: ${JSON.stringify(ended)}`)
  }
  return Math.round(performance.now() - began)
}

function execIn(spaces: Namespaces, role: string): string[] {
  return ['ip', 'netns', 'exec', spaces.name(role)]
}
