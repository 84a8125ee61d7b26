/** A node by `deno task start`: what it says it is, what its peers see, and its end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'playwright/test'
import { TEST_RUNTIME } from '../src/node/test-runtime.fixture.ts'
import { callTool, connectClient, freshDir, ROOT } from './node-process.ts'

test.skip(TEST_RUNTIME !== 'deno', 'runs with the specs under Deno')

interface Ended {
  state: string
  result?: { digest: string }
}

test('`npx deno task start` starts a node that says so, runs tasks, and ends in order', {
  tag: '@deno',
}, async () => {
  const dataDir = await freshDir()
  const child = spawn('npx', ['deno', 'task', 'start', '--json', '--port', '0', '--data-dir', dataDir], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  const exited = once(child, 'exit')
  const ended = once(child.stdout, 'close')
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exited])
  const { mcp } = JSON.parse(String(line)) as { mcp: string }
  const client = await connectClient({ origin: new URL(mcp).origin })
  const { peers } = await callTool<{ peers: { self: boolean; agent?: string; labels: string[] }[] }>(
    client,
    'p2p_peer_list',
  )
  expect(existsSync(join(dataDir, 'running.json'))).toBe(true)
  const self = peers.find(peer => peer.self)
  expect(self?.labels).toEqual(expect.arrayContaining(['kind:node', 'runtime:deno']))
  expect(self?.agent).toMatch(/^toolmesh\/\S+ deno$/)
  const { tasks } = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', {
    tool: 'crypto_hash',
    params: { text: 'abc' },
    requires: ['runtime:deno'],
  })
  const result = await callTool<Ended>(client, 'p2p_taskqueue_get_result', {
    task_id: tasks[0]?.task_id,
    wait_ms: 30_000,
  })
  expect(result).toMatchObject({ state: 'succeeded', result: { digest: expect.stringMatching(/^ba7816bf/) } })
  await client.close()
  // As Ctrl-C in a terminal does: to all of them at once.
  process.kill(-(child.pid ?? 0), 'SIGINT')
  await Promise.all([ended, exited])
  expect(existsSync(join(dataDir, 'running.json')), 'it ended in order').toBe(false)
})
