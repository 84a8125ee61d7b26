import { afterEach, describe, expect, it, vi } from 'vitest'
import { ManualClock, systemClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { openTestQueue, TEST_TOOLS, work } from '../../queue/queue.fixture.ts'
import type { Assignment, LeaseId } from '../../queue/work.ts'
import { AttemptRunner } from '../../queue/worker/attempt-runner.ts'
import { MemoryOutbox } from '../../queue/worker/outbox.ts'
import { textCatalogue } from '../text-tools.fixture.ts'
import { ClaimLoop, type ClaimLoopInit } from './claim-loop.ts'
import { announcement, assignmentOf, closers, pair } from './endpoint-pair.fixture.ts'

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A loop with room for `room` attempts; the owner has what is in `waiting`. */
function loopOver(waiting: string[], init: Partial<ClaimLoopInit> & { places?: number } = {}) {
  const clock = new ManualClock()
  const running = new Map<string, LeaseId>()
  const claims: number[] = []
  const failures: unknown[] = []
  const cancelled: string[] = []
  const loop = new ClaimLoop({
    async claim(max) {
      claims.push(max)
      return waiting.splice(0, max).map(assignmentOf)
    },
    heartbeat: async leases => leases,
    start(assignments: Assignment[]) {
      for (const { lease } of assignments)
        running.set(lease.task_id, { task_id: lease.task_id, fence: lease.fence })
    },
    room: () => (init.places ?? 3) - running.size,
    live: () => [...running.values()],
    cancel: ({ task_id }) => cancelled.push(task_id),
    clock,
    onFailure: error => failures.push(error),
    ...init,
  })
  const ends = (task: string) => {
    running.delete(task)
    loop.roomChanged()
  }
  return { loop, clock, running, claims, failures, cancelled, ends }
}

const settled = () => new Promise(resolve => setTimeout(resolve, 0))

describe('a worker that claims', () => {
  it('takes what it has room for, and more when room comes free', async () => {
    const { loop, claims, running, ends } = loopOver(['a', 'b', 'c', 'd', 'e'])
    loop.roomChanged()
    await settled()
    expect([...running.keys()]).toEqual(['a', 'b', 'c'])
    ends('b')
    await settled()
    expect([...running.keys()]).toEqual(['a', 'c', 'd'])
    expect(claims).toEqual([3, 1])
  })

  it('asks an owner that had too little no more, until it is told that there is work', async () => {
    const waiting = ['a']
    const { loop, clock, claims, running, ends } = loopOver(waiting)
    loop.roomChanged()
    await settled()
    expect(claims).toEqual([3])
    waiting.push('b')
    ends('a')
    await clock.advance(600_000)
    expect(claims).toEqual([3])
    loop.workWaits()
    await settled()
    expect(claims).toEqual([3, 3])
    expect([...running.keys()]).toEqual(['b'])
  })

  it('asks again when it was told while an answer was on its way', async () => {
    const answers: ((assignments: Assignment[]) => void)[] = []
    const { loop } = loopOver([], { claim: () => new Promise(resolve => answers.push(resolve)) })
    loop.roomChanged()
    loop.workWaits()
    answers[0]?.([])
    await settled()
    expect(answers).toHaveLength(2)
    answers[1]?.([])
    await settled()
    expect(answers).toHaveLength(2)
  })

  it('renews what runs three times in a lease, and cancels what is no longer its own', async () => {
    const heartbeats: LeaseId[][] = []
    const { loop, clock, cancelled, running } = loopOver(['a', 'b', 'c'], {
      heartbeat: async leases => {
        heartbeats.push(leases)
        return leases.filter(({ task_id }) => task_id !== 'b')
      },
    })
    loop.roomChanged()
    await settled()
    await clock.advance(10_000)
    expect(heartbeats).toHaveLength(1)
    expect(cancelled).toEqual(['b'])
    running.clear()
    await clock.advance(60_000)
    expect(heartbeats).toHaveLength(1)
  })

  it('stops when the owner refuses, and reports it once', async () => {
    const { loop, failures, claims } = loopOver([], {
      claim: () => Promise.reject(new Error('no')),
    })
    loop.roomChanged()
    await settled()
    loop.workWaits()
    await settled()
    expect(failures).toHaveLength(1)
    expect(claims).toEqual([])
  })

  it('runs and reports over a session what it claimed', async () => {
    const runner = new AttemptRunner({
      instanceId: 'run-1',
      execute: async ({ input }) => input,
      hasNotRun: () => false,
      outbox: new MemoryOutbox(),
      clock: systemClock,
      catalogue: textCatalogue,
      capacity: 2,
    })
    const { node, tab, owner } = pair({ tab: { worker: runner } })
    const waiting = ['a', 'b', 'c', 'd', 'e']
    const asked: number[] = []
    owner.claim = async (_link, max) => {
      asked.push(max)
      return waiting.splice(0, max).map(assignmentOf)
    }
    await tab.announce({ ...announcement, credits: 0 })
    const loop = new ClaimLoop({
      claim: max => tab.claim(max),
      heartbeat: leases => tab.heartbeat(leases),
      start: assignments => tab.start(assignments),
      room: () => runner.roomFor('node'),
      live: () => runner.live('node'),
      cancel: lease => runner.cancel('node', lease, new Error('over')),
      clock: systemClock,
      onFailure: error => silentLogger('error', String(error)),
    })
    closers.push(async () => loop.stop())
    runner.onChange(() => loop.roomChanged())
    tab.onWork(() => loop.workWaits())
    loop.roomChanged()
    await vi.waitFor(() => expect(owner.reports).toHaveLength(5))
    const before = asked.length
    waiting.push('f')
    node.link.workWaits?.()
    await vi.waitFor(() => expect(owner.reports.map(({ task_id }) => task_id)).toEqual([...'abcdef']))
    expect(asked.length).toBeLessThanOrEqual(before + 2)
    expect(await tab.heartbeat([{ task_id: 'a', fence: 1 }])).toEqual([{ task_id: 'a', fence: 1 }])
  })

  it('comes for all that waits in a queue, however many more it wants while others run', async () => {
    const { queue } = await openTestQueue()
    const runner = new AttemptRunner({
      instanceId: 'run-1',
      execute: async ({ input }) => input,
      hasNotRun: () => false,
      outbox: new MemoryOutbox(),
      clock: systemClock,
      catalogue: TEST_TOOLS,
      capacity: 7,
    })
    const { tab } = pair({ tab: { worker: runner }, node: { owner: queue } })
    const tool = {
      tool: 'work',
      interface_cid: 'interface',
      code_cid: TEST_TOOLS.get('work')?.code_cid ?? '',
    }
    await tab.announce({ ...announcement, tools: [tool], credits: 0 })
    const failures: unknown[] = []
    const loop = new ClaimLoop({
      claim: max => tab.claim(max),
      heartbeat: leases => tab.heartbeat(leases),
      start: assignments => tab.start(assignments),
      room: () => runner.roomFor('node'),
      live: () => runner.live('node'),
      cancel: lease => runner.cancel('node', lease, new Error('over')),
      clock: systemClock,
      onFailure: error => failures.push(error),
    })
    closers.push(async () => loop.stop())
    runner.onChange(() => loop.roomChanged())
    tab.onWork(() => loop.workWaits())
    loop.roomChanged()
    for (const round of [1, 2]) {
      const requests = Array.from({ length: 100 }, (_, n) => work(round * 1_000 + n))
      await queue.submit('alice', requests)
      await vi.waitFor(async () => expect((await queue.status()).counts.succeeded).toBe(round * 100), 30_000)
    }
    expect(failures).toEqual([])
  })
})
