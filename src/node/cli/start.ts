import type { Config } from '../config.ts'
import type { Node } from '../node.ts'
import { type Command, type Invocation, JSON_FLAG } from './command.ts'
import { endNode } from './end-node.ts'
import { openNode } from './open-node.ts'
import { firstSignal } from './signals.ts'
import { stderrLogger } from './stderr-logger.ts'
import { packageVersion } from './version.ts'

export const command: Command = {
  usage: '',
  summary: 'Start a node and print where it is and how to join it',
  positionals: [0, 0],
  flags: [JSON_FLAG],
  run: start,
}

async function start({ flags, loaded: { config } }: Invocation): Promise<void> {
  const signal = firstSignal()
  const node = await openNode(config, stderrLogger(config.log))
  await announce(node, config, flags.has('json'))
  await signal
  await endNode(node)
}

/** Prints the links. `ready_ms` counts from the start of the process. */
async function announce(node: Node, config: Config, asJson: boolean): Promise<void> {
  const readyMs = Math.round(performance.now())
  const join = config.http.enabled && config.p2p.enabled ? await node.createInvite() : undefined
  if (asJson) {
    const { peerId, multiaddrs, urls } = node
    const facts = { peer_id: peerId, multiaddrs, ...urls, ready_ms: readyMs, ...(join ? { join } : {}) }
    process.stdout.write(`${JSON.stringify(facts)}\n`)
    return
  }
  const lines = [`toolmesh ${await packageVersion()}, ready in ${readyMs} ms`, '']
  if (config.http.enabled) {
    lines.push(`  Dashboard  ${node.urls.dashboard}`)
    lines.push(`  MCP        ${node.urls.mcp}`)
  }
  lines.push(`  Peer       ${node.peerId}`)
  if (join)
    lines.push(
      `  Join       ${join.url}`,
      `             open it in a browser; it works until ${join.expires_at}`,
    )
  if (join && config.lan) lines.push('', await qrCode(join.url))
  process.stdout.write(`${lines.join('\n')}\n\n`)
}

async function qrCode(url: string): Promise<string> {
  const { default: qrcode } = await import('qrcode')
  return qrcode.toString(url, { type: 'terminal', small: true })
}
