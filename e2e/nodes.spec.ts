/** Two nodes, one working for the other; and a node's start, signals and refusals as a person sees them. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'playwright/test'
import { runs } from '../src/node/test-runtime.fixture.ts'
import { BIN, callTool, connectClient, freshDir, startNode, until } from './node-process.ts'

const run = promisify(execFile)

interface Peers {
  peers: {
    peer_id: string
    self: boolean
    kind: string
    connected: boolean
    credits: number
    path?: string
  }[]
}
interface Ended {
  state: string
  result?: { digest: string }
}

test('a node works for another by its invite, comes back after both were killed, and leaves no task behind', {
  tag: '@deno',
}, async () => {
  const owner = await startNode()
  let worker = await startNode()
  try {
    const client = await connectClient(owner)
    const joined = await run(...runs(BIN, 'connect', owner.joinUrl, '--url', worker.origin), {
      cwd: worker.dataDir,
    })
    expect(joined.stdout).not.toBe('')
    const workerId = await until('the worker to grant credits', async () => {
      const { peers } = await callTool<Peers>(client, 'p2p_peer_list')
      return peers.find(peer => !peer.self && peer.connected && peer.credits > 0)?.peer_id
    })
    const submit = async () => {
      const tasks = Array.from({ length: 20 }, (_, n) => ({
        tool: 'crypto_hash',
        params: { text: String(n) },
        target: workerId,
      }))
      const receipt = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', {
        tasks,
      })
      return receipt.tasks.map(task => task.task_id)
    }
    const allSucceed = async (ids: string[]) => {
      for (const task_id of ids) {
        const ended = await callTool<Ended>(client, 'p2p_taskqueue_get_result', { task_id, wait_ms: 50_000 })
        expect(ended.state).toBe('succeeded')
      }
    }
    await allSucceed(await submit())
    await worker.stop('SIGKILL')
    const waiting = await submit()
    worker = await startNode({ dataDir: worker.dataDir })
    await allSucceed(waiting)
    await client.close()
  } finally {
    await worker.stop()
    await owner.stop()
  }
})

test('a node that comes for its work gets it, also what is submitted later', async () => {
  const owner = await startNode()
  const worker = await startNode({ args: ['--p2p.pull', '--p2p.join', owner.joinUrl] })
  try {
    const client = await connectClient(owner)
    const workerId = await until('the worker to be there', async () => {
      const { peers } = await callTool<Peers>(client, 'p2p_peer_list')
      return peers.find(peer => !peer.self && peer.connected)?.peer_id
    })
    for (const round of [1, 2]) {
      const tasks = Array.from({ length: 20 }, (_, n) => ({
        tool: 'crypto_hash',
        params: { text: `${round} ${n}` },
        target: workerId,
      }))
      const receipt = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', {
        tasks,
      })
      for (const { task_id } of receipt.tasks) {
        const ended = await callTool<Ended>(client, 'p2p_taskqueue_get_result', { task_id, wait_ms: 50_000 })
        expect(ended.state).toBe('succeeded')
      }
    }
    const { peers } = await callTool<Peers>(client, 'p2p_peer_list')
    expect(peers.find(({ peer_id }) => peer_id === workerId)?.credits, 'nothing is pushed to it').toBe(0)
    await client.close()
  } finally {
    await worker.stop()
    await owner.stop()
  }
})

test('a node that its settings let join keeps trying until the other is there, and stays when the invite has expired', async () => {
  let owner = await startNode()
  const client = await connectClient(owner)
  const invite = await callTool<{ url: string; expires_at: string }>(client, 'p2p_invite_create', {
    ttl_ms: 30_000,
  })
  await client.close()
  await owner.stop()
  const port = Number(new URL(owner.origin).port)
  let worker = await startNode({ args: ['--p2p.join', invite.url] })
  const untilWorking = () =>
    until('the worker to grant credits', async () => {
      const { peers } = await callTool<Peers>(again, 'p2p_peer_list')
      return peers.find(peer => !peer.self && peer.connected && peer.credits > 0)?.peer_id
    })
  owner = await startNode({ dataDir: owner.dataDir, port })
  const again = await connectClient(owner)
  try {
    const first = await untilWorking()
    await until('the invite to expire', async () =>
      Date.now() > Date.parse(invite.expires_at) ? true : undefined,
    )
    await worker.stop()
    worker = await startNode({ dataDir: worker.dataDir, args: ['--p2p.join', invite.url] })
    expect(await untilWorking()).toBe(first)
    await again.close()
  } finally {
    await worker.stop()
    await owner.stop()
  }
})

test('a node that works for another gives its own tasks the first place', async () => {
  const owner = await startNode({ args: ['--workers.max', '1'] })
  const worker = await startNode({ args: ['--workers.max', '1'] })
  try {
    await run(...runs(BIN, 'connect', owner.joinUrl, '--url', worker.origin), {
      cwd: worker.dataDir,
    })
    const client = await connectClient(worker)
    const receipt = await callTool<{ tasks: { task_id: string }[] }>(client, 'p2p_taskqueue_submit', {
      tool: 'crypto_hash',
      params: { text: 'abc' },
    })
    const ended = await callTool<Ended>(client, 'p2p_taskqueue_get_result', {
      task_id: receipt.tasks[0]?.task_id,
      wait_ms: 30_000,
    })
    expect(ended).toMatchObject({ state: 'succeeded' })
    await client.close()
  } finally {
    await worker.stop()
    await owner.stop()
  }
})

test.describe('starting and stopping', () => {
  /**
   * Runs `toolmesh start` that must fail; gives its exit status and what it wrote on stderr, without the notice of a
   * checkout whose sources were edited since the last build.
   */
  async function failing(args: string[], cwd: string): Promise<{ code: number; stderr: string }> {
    try {
      await run(...runs(BIN, 'start', ...args), { cwd, timeout: 60_000 })
    } catch (error) {
      const { code, stderr } = error as { code: number; stderr: string }
      return { code, stderr: stderr.replace(/^building .*\n/, '').trim() }
    }
    throw new Error('it started')
  }

  test('the first signal ends it with status 0, in the middle of work too', { tag: '@deno' }, async () => {
    const node = await startNode()
    const client = await connectClient(node)
    await callTool(client, 'p2p_taskqueue_submit', { tool: 'crypto_hash', params: { text: 'x' } })
    await client.close()
    expect(await node.stop('SIGINT')).toBe(0)
  })

  test('a port in use, a data directory in use, one that cannot be made, a damaged identity: one line each', async () => {
    const node = await startNode()
    try {
      const other = await freshDir()
      const { port } = new URL(node.origin)
      const inUse = await failing(['--port', port, '--data-dir', join(other, 'a')], other)
      expect(inUse.stderr.split('\n')).toHaveLength(1)
      expect(inUse.stderr).toContain(port)
      expect(inUse.code).toBeGreaterThan(0)

      const second = await failing(['--port', '0', '--data-dir', node.dataDir], other)
      expect(second.stderr.split('\n')).toHaveLength(1)
      expect(second.stderr).toMatch(/in use/)

      await writeFile(join(other, 'file'), '')
      const unwritable = await failing(['--port', '0', '--data-dir', join(other, 'file', 'below')], other)
      expect(unwritable.stderr.split('\n')).toHaveLength(1)
      expect(unwritable.stderr).toContain('dataDir')

      const damaged = await freshDir()
      await writeFile(join(damaged, 'identity.key'), 'not a key')
      const refused = await failing(['--port', '0', '--data-dir', damaged], other)
      expect(refused.stderr.split('\n')).toHaveLength(1)
      expect(refused.stderr).toContain('identity')

      const unknown = await failing(['--http.prot', '1'], other)
      expect(unknown.code).toBe(2)
      expect(unknown.stderr).toContain('http.port')
    } finally {
      await node.stop()
    }
  })
})
