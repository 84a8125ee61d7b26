import { describe, expect, it } from 'vitest'
import { done, idOf, openTestQueue, settle, TestWorker, work } from './queue.fixture.ts'
import { DAY_MS } from './requests/task-options.ts'
import { MemoryQueueStore } from './store/memory-queue-store.ts'

describe('a restart', () => {
  it('runs again what its own workers had, and leaves to peers the grace', async () => {
    const { queue, store, clock } = await openTestQueue()
    const [own, peer] = [new TestWorker('owner-peer-id'), new TestWorker('w1')]
    queue.announce(own, own.announcement(1))
    queue.announce(peer, peer.announcement(1))
    const receipts = await queue.submit('alice', [work(1), work(2), work(3)])
    await settle()
    await queue.close()
    const { queue: next } = await openTestQueue({ store, clock })
    await clock.advance(1_000)
    const states = await Promise.all(receipts.map(async receipt => (await next.get(idOf(receipt))).state))
    expect(states).toEqual(['queued', 'running', 'queued'])
    await clock.advance(5_000)
    expect((await next.get(idOf(receipts[1]))).state).toBe('queued')
  })

  async function restarted(options?: { reachable: boolean }) {
    const { queue, store, clock } = await openTestQueue()
    const peer = new TestWorker('w1')
    queue.announce(peer, peer.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1, { attempt_timeout_ms: 60_000 })]))[0])
    await settle()
    await queue.close()
    const { queue: next } = await openTestQueue({ store, clock }, options)
    const states = async () => (await next.get(id)).attempts.map(({ state }) => state)
    return { next, clock, peer, states }
  }

  it('counts the grace from when peers can come back', async () => {
    const { next, clock, states } = await restarted({ reachable: false })
    await clock.advance(10_000)
    expect(await states()).toEqual(['running'])
    next.reachable()
    await clock.advance(4_900)
    expect(await states()).toEqual(['running'])
    await clock.advance(200)
    expect(await states()).toEqual(['lost'])
  })

  it('holds an attempt to its time limit still', async () => {
    const { next, clock, peer, states } = await restarted()
    next.announce(peer, peer.announcement(1))
    for (let second = 0; second < 64; second++) await clock.advance(1_000)
    expect(await states()).toEqual(['running'])
    await clock.advance(2_000)
    expect((await states())[0]).toBe('timed_out')
  })
})

/** Runs everything that the worker is given until it is given nothing more; the inputs in their order. */
async function runAll(worker: TestWorker): Promise<unknown[]> {
  const inputs: unknown[] = []
  for (;;) {
    await settle()
    if (worker.calls.length === 0) return inputs
    for (const call of [...worker.calls]) {
      inputs.push(call.assignment.input)
      call.end(done)
    }
  }
}

describe('a restart in the middle of a long queue', () => {
  it('goes on where it was, each task once and in order, though a window holds only a part', async () => {
    const { queue, reopen } = await openTestQueue()
    await queue.submit(
      'alice',
      Array.from({ length: 1_000 }, (_, n) => work(n)),
    )
    const first = new TestWorker('w1')
    queue.announce(first, first.announcement(10))
    await settle()
    for (const call of [...first.calls]) call.end(done)
    await settle()
    // Ten have ended, ten more run; their worker ends with this node.
    queue.dropped(first)
    await queue.close()

    const { queue: next, clock } = await reopen()
    expect(await next.status()).toMatchObject({ ready: 980, counts: { queued: 980, running: 10 } })
    const second = new TestWorker('w2')
    next.announce(second, second.announcement(10))
    const inputs = await runAll(second)
    expect(inputs).toEqual(Array.from({ length: 980 }, (_, index) => ({ n: index + 20 })))
    await clock.advance(6_000)
    expect(await runAll(second)).toHaveLength(10)
    expect((await next.status()).counts).toMatchObject({ succeeded: 1_000, queued: 0, running: 0 })
  })

  it('takes up what time will change, by pages', async () => {
    const { queue, reopen } = await openTestQueue()
    const later = Array.from({ length: 1_000 }, (_, n) => n)
    for (let batch = 0; batch < 10; batch++) {
      await queue.submit(
        'alice',
        later.map(n => work(batch * 1_000 + n, { delay_ms: (1 + Math.floor(n / 100)) * 10_000 })),
      )
    }
    await queue.close()
    const { queue: next, clock } = await reopen()
    expect((await next.status()).counts).toMatchObject({ scheduled: 10_000 })
    await clock.advance(10_000)
    await settle()
    expect((await next.status()).counts).toMatchObject({ scheduled: 9_000, queued: 1_000 })
    for (let step = 0; step < 9; step++) {
      await clock.advance(10_000)
      await settle()
    }
    expect((await next.status()).counts).toMatchObject({ scheduled: 0, queued: 10_000 })
  })

  it('keeps what is paused, and lets go of it afterwards', async () => {
    const { queue, reopen } = await openTestQueue()
    await queue.pause({ tool: 'work' })
    await queue.pause({ category: 'test' })
    await queue.submit('alice', [work(1)])
    await queue.close()
    const { queue: next } = await reopen()
    expect(next.pauses()).toMatchObject([
      { scope: 'tool', name: 'work' },
      { scope: 'category', name: 'test' },
    ])
    const worker = new TestWorker('w1')
    next.announce(worker, worker.announcement(1))
    await settle()
    expect(worker.calls).toHaveLength(0)
    await next.resume({ tool: 'work' })
    await settle()
    expect(worker.calls).toHaveLength(0)
    await next.resume({ category: 'test' })
    await settle()
    expect(worker.calls).toHaveLength(1)
  })

  it('counts what ran before towards its concurrency key', async () => {
    const { queue, reopen } = await openTestQueue()
    const one = { concurrency: { key: 'k', limit: 1 } }
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(5))
    const [first] = await queue.submit('alice', [work(1, one), work(2, one)])
    await settle()
    expect(worker.calls).toHaveLength(1)
    await queue.close()
    const { queue: next } = await reopen()
    const back = new TestWorker('w1')
    back.live = () => [{ task_id: idOf(first), fence: 1 }]
    next.announce(back, back.announcement(5))
    await settle()
    expect(back.calls).toHaveLength(0)
    await next.complete('w1', [{ task_id: idOf(first), fence: 1, instance_id: 'w1-run', outcome: done }])
    await settle()
    expect(back.calls.map(call => call.assignment.input)).toEqual([{ n: 2 }])
  })

  it('holds tasks to the most that the queue may hold', async () => {
    const store = new MemoryQueueStore()
    const { queue, reopen } = await openTestQueue({ store, limits: { liveTasks: 2 } })
    await queue.submit('alice', [work(1), work(2)])
    await queue.close()
    const { queue: next } = await reopen()
    await expect(next.submit('alice', [work(3)])).rejects.toMatchObject({ code: 'queue_full' })
  })
})

describe('a wall clock that is set', () => {
  it.each([
    ['an hour on', 3_600_000],
    ['an hour back', -3_600_000],
  ])('(%s) ends no lease, and what is due is due by the new time', async (_, jump) => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const [running] = await queue.submit('alice', [work(1)])
    await settle()
    const [later] = await queue.submit('alice', [work(2, { delay_ms: 1_800_000 })])
    clock.setWall(jump)
    for (let step = 0; step < 12; step++) await clock.advance(10_000)
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 1 }])
    expect((await queue.head(idOf(running))).attempts).toHaveLength(1)
    expect((await queue.head(idOf(later))).state).toBe(jump > 0 ? 'queued' : 'scheduled')
  })
})

describe('a rate key over a restart', () => {
  const rate = { key: 'api', limit: 2, per_ms: DAY_MS }
  const HOUR_MS = DAY_MS / 24

  /** Starts one task of the key and, a little later, one of another. */
  async function used(store = new MemoryQueueStore()) {
    const before = await openTestQueue({ store })
    const worker = new TestWorker('w1')
    before.queue.announce(worker, worker.announcement(5))
    await before.queue.submit('alice', [work(1, { rate })])
    await settle()
    worker.calls[0]!.end(done)
    await before.clock.advance(HOUR_MS)
    await before.queue.submit('alice', [work(2, { rate: { ...rate, key: 'other' } }), work(3)])
    await settle()
    for (const call of [...worker.calls]) call.end(done)
    await settle()
    // Ids of tasks go by the time.
    await before.clock.advance(1)
    return before
  }

  /** Which of three more tasks of the key start at once, and which a day after the first of all. */
  async function startsOf({ queue, clock }: Awaited<ReturnType<typeof used>>) {
    const worker = new TestWorker('w2')
    queue.announce(worker, worker.announcement(5))
    await queue.submit('alice', [work(11, { rate }), work(12, { rate }), work(13, { rate })])
    await settle()
    const inputs = () => worker.calls.map(({ assignment }) => assignment.input)
    const atOnce = inputs()
    for (const call of [...worker.calls]) call.end(done)
    await clock.advance(DAY_MS - HOUR_MS - 2)
    const early = inputs()
    await clock.advance(1)
    await settle()
    return { atOnce, early, later: inputs() }
  }

  const exact = { atOnce: [{ n: 11 }], early: [], later: [{ n: 12 }] }

  it('that was in order may go on where it was', async () => {
    const before = await used()
    await before.queue.close()
    expect(await startsOf(await before.reopen())).toEqual(exact)
  })

  it('that was a crash is known by the journal', async () => {
    const before = await used()
    // Nothing is written down at its end; the old one does nothing any more.
    expect(await startsOf(await before.reopen())).toEqual(exact)
  })

  it('is not known by what an earlier run wrote down', async () => {
    const before = await used()
    await before.queue.close()
    const crashed = await before.reopen()
    const worker = new TestWorker('w1')
    crashed.queue.announce(worker, worker.announcement(5))
    await crashed.queue.submit('alice', [work(4, { rate })])
    await settle()
    worker.calls[0]!.end(done)
    await settle()
    expect((await startsOf(await crashed.reopen())).atOnce).toEqual([])
  })

  it('holds in full as far back as nothing is known', async () => {
    const before = await used()
    const { store } = before
    const events = store.events.bind(store)
    // As after a clean-up: the first changes are gone.
    store.events = async (after, limit) => {
      const page = await events(after, limit)
      return { ...page, events: page.events.filter(({ seq }) => seq > 3), oldest: 4 }
    }
    expect((await startsOf(await before.reopen())).atOnce).toEqual([])
  })
})
