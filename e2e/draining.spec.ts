/** A node that ends tells its peers: they give it no more, what it holds ends there, and nothing is lost. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { expect, test } from 'playwright/test'
import { callTool, connectClient, startNode, until } from './node-process.ts'

interface Peers {
  peers: { peer_id: string; self: boolean; connected: boolean; draining: boolean; credits: number }[]
}
interface Status {
  state: string
  attempts: { peer_id: string; state: string }[]
}

async function workers(client: Client): Promise<Peers['peers']> {
  const { peers } = await callTool<Peers>(client, 'p2p_peer_list', { connected: true })
  return peers.filter(peer => !peer.self)
}

async function submit(client: Client, count: number, ms: number, more: object = {}): Promise<string[]> {
  const tasks = Array.from({ length: count }, () => ({ tool: 'time_wait', params: { ms }, ...more }))
  const receipt = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', { tasks })
  return receipt.tasks.map(task => task.task_id)
}

async function ended(client: Client, task_id: string): Promise<Status> {
  await callTool(client, 'p2p_taskqueue_get_result', { task_id, wait_ms: 60_000 })
  return callTool<Status>(client, 'p2p_taskqueue_task_status', { task_id })
}

test('a node that drains ends what it holds, and the rest runs elsewhere, each task once', async () => {
  const owner = await startNode()
  const join = ['--p2p.join', owner.joinUrl, '--workers.max', '2']
  const [leaving, staying] = await Promise.all([startNode({ args: join }), startNode({ args: join })])
  try {
    const client = await connectClient(owner)
    const both = await until('both workers', async () => {
      const found = (await workers(client)).filter(peer => peer.credits === 2)
      return found.length === 2 ? found : undefined
    })
    const leavingId = new URL(leaving.joinUrl).hash.split('.').at(-1)
    expect(both.map(peer => peer.peer_id)).toContain(leavingId)
    const ids = await submit(client, 12, 1_000)
    await until('work there', async () => {
      const { tasks } = await callTool<{ tasks: { peer_id?: string }[] }>(
        client,
        'p2p_taskqueue_list_tasks',
        { state: ['running'] },
      )
      return tasks.some(task => task.peer_id === leavingId) ? true : undefined
    })
    const gone = leaving.stop('SIGTERM')
    const told = await until('the owner to be told', async () =>
      (await workers(client)).find(peer => peer.peer_id === leavingId && peer.draining),
    )
    expect(told.credits).toBe(0)
    expect(await gone).toBe(0)
    const statuses = await Promise.all(ids.map(id => ended(client, id)))
    for (const { state, attempts } of statuses) {
      expect(state).toBe('succeeded')
      expect(attempts).toHaveLength(1)
    }
    expect(statuses.some(({ attempts }) => attempts[0]?.peer_id === leavingId)).toBe(true)
    await client.close()
  } finally {
    await Promise.all([owner.stop(), leaving.stop(), staying.stop()])
  }
})

test('a node that ends gives back at once the workers that it does not use', async () => {
  const owners = await Promise.all([startNode(), startNode()])
  const joins = owners.map(({ joinUrl }) => joinUrl).join(',')
  const worker = await startNode({ args: ['--p2p.join', joins, '--workers.max', '1'] })
  const idOf = ({ joinUrl }: { joinUrl: string }) => new URL(joinUrl).hash.split('.').at(-1) ?? ''
  try {
    const clients = await Promise.all(owners.map(connectClient))
    const credits = async (client: Client) =>
      (await workers(client)).find(({ peer_id }) => peer_id === idOf(worker))?.credits
    const holder = await until('one of the two to have its only credit', async () => {
      const [first, second] = await Promise.all(clients.map(credits))
      return first === undefined || second === undefined || first + second !== 1
        ? undefined
        : first === 1
          ? 0
          : 1
    })
    const [ending, other] = [owners[holder], clients[1 - holder]]
    const client = clients[holder]
    if (ending === undefined || other === undefined || client === undefined) throw new Error('two owners')
    // Its own threads keep it busy, so that it does not end at once.
    const [id] = await submit(client, 1, 6_000, { target: idOf(ending) })
    await until('that to run', async () => {
      const { state } = await callTool<Status>(client, 'p2p_taskqueue_task_status', { task_id: id })
      return state === 'running' ? true : undefined
    })
    const gone = ending.stop('SIGTERM')
    await until('the credit to move', async () => ((await credits(other)) === 1 ? true : undefined), 3_000)
    expect(ending.child.exitCode).toBeNull()
    await gone
    await other.close()
  } finally {
    await Promise.all([...owners, worker].map(node => node.stop()))
  }
})

test('a tab says that its node is ending, and joins again when that is back', async ({ page }) => {
  let node = await startNode()
  try {
    await page.goto(node.joinUrl)
    await expect(page.getByText('Ready for work')).toBeVisible()
    let client = await connectClient(node)
    const [id] = await submit(client, 1, 4_000, { requires: ['kind:tab'] })
    await expect(page.getByText('Running 1 tool')).toBeVisible()
    const gone = node.stop('SIGTERM')
    await expect(page.getByText('The node is ending')).toBeVisible()
    await gone
    node = await startNode({ dataDir: node.dataDir, port: Number(new URL(node.origin).port) })
    client = await connectClient(node)
    expect((await ended(client, id ?? '')).state).toBe('succeeded')
    await expect(page.getByText('Ready for work')).toBeVisible({ timeout: 40_000 })
    await client.close()
  } finally {
    await node.stop()
  }
})
