/** Every tool of the task queue by an official SDK client, which holds each answer against the tool's output schema. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { expect, test } from 'playwright/test'
import { callTool, connectClient, freshDir, startNode, stdioCommand, until } from './node-process.ts'

const CATEGORY = 'p2p_taskqueue_'

interface Events {
  events: { seq: number; task_id: string; state: string }[]
  next: number
}

/** Uses all eighteen as an agent would; the last one ends the node. */
async function useEveryTool(client: Client): Promise<void> {
  const { tools } = await client.listTools()
  const left = new Set(tools.map(tool => tool.name).filter(name => name.startsWith(CATEGORY)))
  expect(left.size).toBe(18)
  const call = <T>(name: string, input: Record<string, unknown> = {}): Promise<T> => {
    left.delete(CATEGORY + name)
    return callTool<T>(client, CATEGORY + name, input)
  }
  const read = async (uri: string): Promise<Events> => {
    const { contents } = await client.readResource({ uri })
    const [content] = contents
    return JSON.parse(content !== undefined && 'text' in content ? content.text : '{}')
  }

  const hash = { tool: 'crypto_hash', params: { text: 'abc' } }
  const { workers } = await call<{ workers: { peer_id: string }[] }>('worker_stats')
  const own = workers[0]?.peer_id ?? ''
  expect(await call('discover_peers', { tool: 'crypto_hash', requires: ['kind:node'] })).toMatchObject({
    peers: [{ peer_id: own, able: true, lacks: [] }],
    paused: false,
  })
  expect(await call('announce', { labels: ['site:berlin'] })).toMatchObject({
    peer_id: own,
    labels: expect.arrayContaining(['site:berlin', 'kind:node']),
  })

  expect(await call('pause', { category: 'crypto' })).toMatchObject({ pauses: [{ category: 'crypto' }] })
  const before = await read('mesh://task-events')
  let updates = 0
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, () => {
    updates += 1
  })
  await client.subscribeResource({ uri: 'mesh://task-events' })
  const { tasks } = await call<{ tasks: { task_id: string }[] }>('submit', {
    tasks: [
      { ...hash, requires: ['site:berlin'], labels: { run: 'e2e' } },
      hash,
      { tool: 'crypto_hash', params: { text: 7 } },
    ],
  })
  expect(tasks).toMatchObject([
    { state: 'queued' },
    { state: 'queued' },
    { error: { code: 'invalid_input' } },
  ])
  const [first = '', second = ''] = tasks.map(({ task_id }) => task_id)
  expect(await call('task_status', { task_id: first })).toMatchObject({
    state: 'queued',
    waiting_for: expect.stringContaining('paused'),
  })
  expect(await call('get_result', { task_id: first })).toMatchObject({
    state: 'queued',
    waiting_for: expect.stringContaining('paused'),
  })
  const refused = { name: 'p2p_taskqueue_priority', arguments: { task_id: first, priority: 11 } }
  expect(await client.callTool(refused)).toMatchObject({
    isError: true,
    structuredContent: { code: 'invalid_input', field: '/priority', value: 11, allowed: 'at most 10' },
  })
  expect(await call('update_task', { task_id: first, metadata: { by: 'e2e' } })).toMatchObject({
    metadata: { by: 'e2e' },
  })
  expect(await call('priority', { task_id: first, priority: 9 })).toMatchObject({ priority: 9 })
  expect(await call('cancel', { task_ids: [second, 'gone'] })).toMatchObject({
    tasks: [{ state: 'cancelled' }, { error: { code: 'not_found' } }],
  })
  expect(await call('status')).toMatchObject({
    state: 'ready',
    counts: { queued: 1, cancelled: 1 },
    waiting_for: [{ tool: 'crypto_hash', tasks: 1 }],
  })
  expect(await call('resume', { category: 'crypto' })).toEqual({ pauses: [] })
  expect(await call('get_result', { task_id: first, wait_ms: 30_000 })).toMatchObject({ state: 'succeeded' })
  expect(await call('list_tasks', { labels: { run: 'e2e' }, sort: 'ended' })).toMatchObject({
    tasks: [{ task_id: first, state: 'succeeded' }],
  })
  const again = await call<{ task_id: string }>('resubmit', { task_id: second, params: { text: 'again' } })
  expect(again).toMatchObject({ resubmitted_from: second })
  expect(await call('get_result', { task_id: again.task_id, wait_ms: 30_000 })).toMatchObject({
    state: 'succeeded',
  })
  const behind = await read(`mesh://task-events/${before.next}`)
  const ofFirst = behind.events.filter(({ task_id }) => task_id === first).map(({ state }) => state)
  expect([ofFirst[0], ...ofFirst.slice(-2)]).toEqual(['queued', 'running', 'succeeded'])
  await until('a notice of the events', async () => (updates > 0 ? updates : undefined))

  const schedule = { name: 'each second', cron: '* * * * * *', task: hash }
  expect(await call('schedule', schedule)).toMatchObject({ schedule: { enabled: true } })
  await until('a tick', async () => {
    const { schedules } = await call<{ schedules: { ticks: number }[] }>('schedules')
    return schedules[0]?.ticks || undefined
  })
  expect(await call('schedule', { name: 'each second', remove: true })).toEqual({ removed: 'each second' })
  expect(await call('heartbeat')).toMatchObject({ peer_id: own, ended: [] })
  expect(await call('shutdown', { wait_ms: 5_000, reason: 'e2e' })).toMatchObject({ state: 'draining' })
  expect([...left]).toEqual([])
}

test('over HTTP, and the node ends with status 0', async () => {
  const node = await startNode({ args: ['--listing', 'flat'] })
  const ended = new Promise(resolve => node.child.once('exit', resolve))
  const client = await connectClient(node)
  await useEveryTool(client)
  expect(await ended).toBe(0)
  await client.close()
})

test('over stdio, and the server ends', async () => {
  const dataDir = await freshDir()
  const transport = new StdioClientTransport({
    ...stdioCommand('stdio', '--data-dir', dataDir, '--port', '0', '--listing', 'flat'),
    cwd: dataDir,
    stderr: 'pipe',
  })
  const client = new Client({ name: 'e2e', version: '1' })
  const ended = new Promise<void>(resolve => {
    client.onclose = resolve
  })
  await client.connect(transport)
  await useEveryTool(client)
  await ended
})

/** Runs for the five seconds that the tool allows a query. */
const LONG = {
  tool: 'data_json_query',
  params: { json: {}, query: '($f := function($x) { $f($x + 1) }; $f(0))' },
}

test('what still runs when the time of a shutdown is over is given back, and runs after the next start', async () => {
  let node = await startNode()
  const ended = new Promise(resolve => node.child.once('exit', resolve))
  const client = await connectClient(node)
  const { tasks } = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', LONG)
  const task_id = tasks[0]?.task_id ?? ''
  const attemptsSeenBy = async (by: Client, least: number) => {
    const { attempts } = await callTool<{ attempts: { state: string }[] }>(by, 'p2p_taskqueue_task_status', {
      task_id,
    })
    return attempts.length >= least ? attempts : undefined
  }
  await until('its first attempt', () => attemptsSeenBy(client, 1))
  const answer = await callTool(client, 'p2p_taskqueue_shutdown', { wait_ms: 500 })
  expect(answer).toMatchObject({ running: 1 })
  expect(await ended).toBe(0)
  await client.close()

  node = await startNode({ dataDir: node.dataDir })
  const again = await connectClient(node)
  const attempts = await until('its second attempt', () => attemptsSeenBy(again, 2))
  expect(attempts[0]).toMatchObject({ state: 'released' })
  await again.close()
  expect(await node.stop()).toBe(0)
})
