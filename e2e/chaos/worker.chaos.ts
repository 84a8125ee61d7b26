/** A node that works for another one is killed in the middle. */
import { expect, test } from 'playwright/test'
import { callTool, connectClient, type NodeProcess, startNode, until } from '../node-process.ts'
import { sumJob } from './jobs.ts'
import { Measured } from './measured.ts'
import { rerunOfAbandoned, untilRunningAt } from './rerun.ts'
import { Submitter } from './submitter.ts'
import { expectEachCommittedOnce } from './verdict.ts'

const TASKS = 150
const ROUNDS = 3
const GRACE_MS = 5_000
/** On a machine that is busy; the goal itself is printed. */
const AT_MOST_MS = 30_000

test('a worker process is killed in the middle: its attempts run again elsewhere after the grace', async () => {
  const measured = new Measured('worker: SIGKILL of a node that works for another')
  const owner = await startNode({ args: ['--workers.max', '1', '--queue.grace', String(GRACE_MS)] })
  const submitter = new Submitter(owner)
  const client = await connectClient(owner)
  let worker: NodeProcess | undefined
  try {
    const { url } = await callTool<{ url: string }>(client, 'p2p_invite_create', {
      roles: ['work'],
      uses: 10,
    })
    const join = ['--workers.max', '2', '--p2p.join', url]
    const acknowledged = []
    for (let round = 1; round <= ROUNDS; round++) {
      worker = await startNode({ args: join })
      const workerId = await untilWorks(client)
      const jobs = Array.from({ length: TASKS }, (_, n) => sumJob(n))
      const tasks = await submitter.submitAll(`round-${round}`, jobs, TASKS)
      acknowledged.push(...tasks)
      await untilRunningAt(client, workerId, tasks)
      await worker.stop('SIGKILL')
      const killedAt = Date.now()
      const rerun = await rerunOfAbandoned(client, tasks, workerId, killedAt)
      measured.row(`abandoned attempts (${round})`, rerun.length)
      expect(rerun.length, 'the worker held leases when it was killed').toBeGreaterThan(0)
      measured.row(`kill to running again, ms (${round})`, rerun.map(({ afterMs }) => afterMs).join(', '))
      const slowest = Math.max(...rerun.map(({ afterMs }) => afterMs))
      measured.goal(`slowest (${round})`, slowest, GRACE_MS)
      expect(slowest).toBeLessThan(AT_MOST_MS)
    }
    await expectEachCommittedOnce(owner, acknowledged, measured)
  } finally {
    measured.print()
    await client.close()
    await submitter.close()
    await worker?.stop('SIGKILL')
    await owner.stop('SIGKILL')
  }
})

/** The id of the other node, once it takes work. */
function untilWorks(client: Awaited<ReturnType<typeof connectClient>>): Promise<string> {
  interface Peers {
    peers: { peer_id: string; self: boolean; connected: boolean; credits: number }[]
  }
  return until('the worker to take work', async () => {
    const { peers } = await callTool<Peers>(client, 'p2p_peer_list')
    return peers.find(peer => !peer.self && peer.connected && peer.credits > 0)?.peer_id
  })
}
