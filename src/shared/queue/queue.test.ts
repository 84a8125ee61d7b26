import { describe, expect, it } from 'vitest'
import { silentLogger } from '../logger.ts'
import { Bodies } from './bodies/bodies.ts'
import { MemoryBlobStore } from './bodies/memory-blob-store.ts'
import { done, HeldStore, idOf, openTestQueue, settle, TestWorker, work } from './queue.fixture.ts'
import type { TaskEvent, TaskRequest } from './task.ts'

describe('a task', () => {
  it('runs on a worker with credit and keeps its result', async () => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    expect(queue.announce(worker, worker.announcement(1))).toEqual({ accepted: 1, lease_ms: 30_000 })
    const id = idOf((await queue.submit('alice', [work(7)]))[0])
    await settle()
    expect(worker.calls[0]!.assignment).toMatchObject({
      tool: 'work',
      input: { n: 7 },
      lease: { attempt: 1, fence: 1 },
    })
    const waiting = queue.result(id, { wait_ms: 10_000 })
    worker.calls[0]!.end(done)
    expect(await waiting).toMatchObject({ state: 'succeeded', result: { ok: true }, principal: 'alice' })
  })

  it('waits for credit, and an outcome makes room for the next', async () => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(2))
    await queue.submit('alice', [work(1), work(2), work(3)])
    await settle()
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 1 }, { n: 2 }])
    worker.calls[0]!.end(done)
    await settle()
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 2 }, { n: 3 }])
  })

  it('with a higher priority goes first', async () => {
    const { queue } = await openTestQueue()
    await queue.submit('alice', [work(1), work(2, { priority: 10 }), work(3, { priority: 1 })])
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(3))
    await settle()
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 2 }, { n: 1 }, { n: 3 }])
  })

  it('that nobody present can run holds up no other, and the status says what is missing', async () => {
    const { queue } = await openTestQueue()
    await queue.submit('alice', [work(1, { requires: ['kind:tab'], priority: 10 }), work(2)])
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(5, ['kind:node']))
    await settle()
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 2 }])
    expect(await queue.status()).toMatchObject({
      ready: 1,
      waiting_for: [{ tool: 'work', tasks: 1, missing: 'a worker labelled kind:tab' }],
      workers: [{ peer_id: 'w1', running: 1, credits: 5 }],
    })
  })

  it('refuses params that do not fit, by name, and takes the others', async () => {
    const { queue } = await openTestQueue()
    const receipts = await queue.submit('alice', [
      { tool: 'work', params: { n: 'x' } },
      { tool: 'nope', params: {} },
      work(1),
    ])
    expect(receipts).toMatchObject([
      { error: { code: 'invalid_input', field: '/params/n' } },
      { error: { code: 'invalid_input', field: '/tool' } },
      { state: 'queued', deduplicated: false },
    ])
  })

  it('is made once for an idempotency key, and another request with it is a conflict', async () => {
    const { queue } = await openTestQueue()
    const key = { idempotency_key: 'k' }
    const [first, again, other] = await queue.submit('alice', [work(1, key), work(1, key), work(2, key)])
    expect(again).toEqual({ task_id: idOf(first), state: 'queued', deduplicated: true })
    expect(other).toMatchObject({ error: { code: 'conflict', field: '/idempotency_key' } })
    expect((await queue.submit('bob', [work(2, key)]))[0]).toMatchObject({ deduplicated: false })
  })
})

describe('an outcome', () => {
  it('is called settled to its worker once the store has it, and not before', async () => {
    const store = new HeldStore()
    const { queue } = await openTestQueue({ store })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await settle()
    const release = store.hold()
    worker.calls[0]!.end(done)
    await settle()
    expect(worker.settledLeases).toEqual([])
    release()
    await settle()
    expect(worker.settledLeases).toEqual([{ task_id: id, fence: 1 }])
  })
})

describe('a worker that goes away', () => {
  it('keeps its lease for most of the grace, within which the task then runs elsewhere; the late outcome is refused', async () => {
    const { queue, clock } = await openTestQueue()
    const [first, second] = [new TestWorker('w1'), new TestWorker('w2')]
    queue.announce(first, first.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await settle()
    queue.dropped(first)
    first.calls[0]!.drop()
    queue.announce(second, second.announcement(1))
    await clock.advance(4_000)
    expect(second.calls).toHaveLength(0)
    await clock.advance(999)
    expect(second.calls[0]!.assignment.lease).toMatchObject({ task_id: id, fence: 2, attempt: 2 })
    const late = { task_id: id, fence: 1, instance_id: 'w1-run', outcome: done }
    expect(await queue.complete('w1', [late])).toEqual(['stale_fence'])
    second.calls[0]!.end(done)
    await settle()
    expect((await queue.get(id)).attempts.map(each => each.state)).toEqual(['lost', 'succeeded'])
  })

  it('takes its leases back when it announces the same instance within the grace', async () => {
    const { queue, clock } = await openTestQueue()
    const first = new TestWorker('w1')
    queue.announce(first, first.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await settle()
    queue.dropped(first)
    const back = new TestWorker('w1')
    back.live = () => [{ task_id: id, fence: 1 }]
    queue.announce(back, back.announcement(1))
    await settle()
    await clock.advance(60_000)
    expect(back.renewals).toBeGreaterThan(1)
    const report = { task_id: id, fence: 1, instance_id: 'w1-run', outcome: done }
    expect(await queue.complete('w1', [report])).toEqual(['committed'])
    expect(await queue.complete('w1', [report])).toEqual(['duplicate'])
    expect((await queue.status()).workers).toMatchObject([{ running: 0 }])
  })

  it('is told to stop what ends while it is back on a new link, and of nothing else', async () => {
    const { queue, clock } = await openTestQueue()
    const first = new TestWorker('w1')
    queue.announce(first, first.announcement(3))
    const deadline = new Date(clock.now() + 1_000).toISOString()
    const receipts = await queue.submit('alice', [work(1), work(2, { deadline }), work(3)])
    const ids = receipts.map(idOf)
    await settle()
    queue.dropped(first)
    const back = new TestWorker('w1')
    back.live = () => ids.map(task_id => ({ task_id, fence: 1 }))
    queue.announce(back, back.announcement(3))
    await settle()
    await queue.cancel(ids[0]!, 'not wanted')
    await clock.advance(1_000)
    const report = { task_id: ids[2]!, fence: 1, instance_id: 'w1-run', outcome: done }
    await queue.complete('w1', [report])
    expect(back.cancelledLeases).toEqual([
      { task_id: ids[0], fence: 1 },
      { task_id: ids[1], fence: 1 },
    ])
    expect(queue.workers()).toMatchObject([{ running: 0 }])
  })

  it('may answer on the old link after it came back on a new one', async () => {
    const { queue } = await openTestQueue()
    const first = new TestWorker('w1')
    queue.announce(first, first.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await settle()
    const back = new TestWorker('w1')
    queue.announce(back, back.announcement(1))
    expect(queue.workers()).toMatchObject([{ running: 1 }])
    first.calls[0]!.end(done)
    await settle()
    expect((await queue.get(id)).state).toBe('succeeded')
    expect(queue.workers()).toMatchObject([{ running: 0 }])
  })

  it('brings its outcome after the grace: committed if nobody was given the task since', async () => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await settle()
    queue.dropped(worker)
    await clock.advance(6_000)
    expect((await queue.get(id)).state).toBe('queued')
    const report = { task_id: id, fence: 1, instance_id: 'w1-run', outcome: done }
    expect(await queue.complete('w1', [report])).toEqual(['committed'])
    expect((await queue.status()).ready).toBe(0)
  })

  it('leaves a task that must not be repeated failed with outcome_unknown', async () => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const id = idOf((await queue.submit('alice', [{ tool: 'once', params: {} }]))[0])
    await settle()
    queue.dropped(worker)
    await clock.advance(6_000)
    expect(await queue.get(id)).toMatchObject({ state: 'failed', error: { code: 'outcome_unknown' } })
  })

  it('that stops answering for its leases loses them when they end', async () => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    worker.live = () => []
    queue.announce(worker, worker.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await settle()
    await clock.advance(29_000)
    expect((await queue.get(id)).state).toBe('running')
    await clock.advance(2_000)
    expect((await queue.get(id)).attempts[0]).toMatchObject({ state: 'lost' })
  })
})

describe('cancelling', () => {
  it('ends a running task at once, tells its worker, and frees the credit when the worker confirms', async () => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1), work(2)]))[0])
    await settle()
    expect(await queue.cancel(id, 'not needed')).toMatchObject({ state: 'cancelled', fence: 2 })
    expect(worker.calls[0]!.signal.aborted).toBe(true)
    expect(worker.calls).toHaveLength(1)
    worker.calls[0]!.end({
      state: 'cancelled',
      error: { code: 'cancelled', message: 'stopped', retryable: false },
    })
    await settle()
    expect(worker.calls[0]!.assignment.input).toEqual({ n: 2 })
    expect((await queue.get(id)).state).toBe('cancelled')
    await expect(queue.cancel(id, 'again')).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('time limits', () => {
  it('hold a delayed task back until its time', async () => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    expect(await queue.submit('alice', [work(1, { delay_ms: 5_000 })])).toMatchObject([
      { state: 'scheduled' },
    ])
    await clock.advance(4_900)
    expect(worker.calls).toHaveLength(0)
    await clock.advance(200)
    expect(worker.calls).toHaveLength(1)
  })

  it('expire a task that waits too long, and one whose deadline is over while it runs', async () => {
    const { queue, clock } = await openTestQueue()
    const deadline = new Date(clock.now() + 3_000).toISOString()
    const receipts = await queue.submit('alice', [
      work(1, { queue_timeout_ms: 1_000, requires: ['nobody'] }),
      work(2, { deadline }),
    ])
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    await settle()
    await clock.advance(1_100)
    expect((await queue.get(idOf(receipts[0]))).state).toBe('expired')
    expect(worker.calls[0]!.assignment.lease.deadline_ms).toBe(3_000)
    await clock.advance(2_000)
    expect((await queue.get(idOf(receipts[1]))).state).toBe('expired')
    expect(worker.calls[0]!.signal.aborted).toBe(true)
  })

  it('end an attempt that overruns, and it is tried again', async () => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(2))
    const id = idOf((await queue.submit('alice', [work(1, { attempt_timeout_ms: 1_000 })]))[0])
    await settle()
    await clock.advance(7_000)
    expect((await queue.get(id)).attempts.map(each => each.state)).toEqual(['timed_out', 'running'])
    expect(worker.calls[0]!.signal.aborted).toBe(true)
  })
})

describe('an outcome that has no canonical form', () => {
  it.each([
    ['half a character', JSON.parse('{"text":"\\ud800"}')],
    ['nesting deeper than a stack', JSON.parse(`{"deep":${'['.repeat(4_000)}${']'.repeat(4_000)}}`)],
    ['nesting that cannot be written', JSON.parse(`{"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
  ])('(%s) is committed all the same, with all that is committed beside it', async (_, result) => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(2))
    const receipts = await queue.submit('alice', [work(1), work(2)])
    await settle()
    const [odd, plain] = [...worker.calls]
    odd!.end({ state: 'succeeded', result })
    plain!.end(done)
    await settle()
    const states = await Promise.all(receipts.map(async receipt => (await queue.get(idOf(receipt))).state))
    expect(states.map(state => state === 'succeeded' || state === 'failed')).toEqual([true, true])
    expect(queue.failure).toBeUndefined()
  })

  it('is known again', async () => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(0))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await queue.claim(worker, 1)
    const error = { code: 'tool_failed', message: 'half: \ud800', retryable: false } as const
    const report = { task_id: id, fence: 1, instance_id: worker.instance_id }
    const complete = () => queue.complete('w1', [{ ...report, outcome: { state: 'failed', error } }])
    expect([await complete(), await complete()]).toEqual([['committed'], ['duplicate']])
  })
})

describe('limits', () => {
  it('refuse more tasks than the queue holds, with a time to come again', async () => {
    const { queue } = await openTestQueue({ limits: { liveTasks: 2, tasksPerSubmit: 10 } })
    await queue.submit('alice', [work(1)])
    await expect(queue.submit('alice', [work(2), work(3)])).rejects.toMatchObject({
      code: 'queue_full',
      details: { retry_after_ms: 1_000 },
    })
    await expect(queue.submit('alice', [])).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('name what does not fit in a request', async () => {
    const bodies = new Bodies({
      store: new MemoryBlobStore(),
      logger: silentLogger,
      inlineBytes: 5,
      bodyBytes: 10,
    })
    const { queue } = await openTestQueue({ bodies })
    const bad: Partial<TaskRequest>[] = [
      { priority: 11 },
      { retry: { max_attempts: 0 } },
      { deadline: '2001-01-01T00:00:00Z' },
      { requires: [''] },
      { metadata: { big: 'x'.repeat(20_000) } },
    ]
    const receipts = await queue.submit('alice', [...bad.map(more => work(1, more)), work(1e9)])
    expect(receipts.map(receipt => ('error' in receipt ? receipt.error.field : receipt.state))).toEqual([
      '/priority',
      '/retry/max_attempts',
      '/deadline',
      '/requires/0',
      '/metadata',
      '/params',
    ])
  })

  it('fail an attempt whose result is too large', async () => {
    const bodies = new Bodies({
      store: new MemoryBlobStore(),
      logger: silentLogger,
      inlineBytes: 50,
      bodyBytes: 100,
    })
    const { queue } = await openTestQueue({ bodies })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const [receipt] = await queue.submit('alice', [work(1)])
    await settle()
    worker.calls[0]!.end({ state: 'succeeded', result: 'ü'.repeat(60) })
    await settle()
    expect(await queue.get(idOf(receipt))).toMatchObject({ state: 'failed', error: { code: 'tool_failed' } })
  })

  it('let a wait for a result end by time and by abort', async () => {
    const { queue, clock } = await openTestQueue({ limits: { resultWaiters: 1 } })
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    const abort = new AbortController()
    const waiting = queue.result(id, { wait_ms: 10_000, signal: abort.signal })
    await expect(queue.result(id, { wait_ms: 10_000 })).rejects.toMatchObject({ code: 'queue_full' })
    abort.abort()
    expect((await waiting).state).toBe('queued')
    const timed = queue.result(id, { wait_ms: 1_000 })
    await settle()
    await clock.advance(1_000)
    expect((await timed).state).toBe('queued')
    await expect(queue.result('none', { wait_ms: 10 })).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('retention', () => {
  it('forgets tasks that ended long ago', async () => {
    const { queue, clock } = await openTestQueue({ limits: { retentionMs: 100_000 } })
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await queue.cancel(id, 'no need')
    await settle()
    await clock.advance(90_000)
    expect((await queue.get(id)).state).toBe('cancelled')
    await clock.advance(100_000)
    await expect(queue.get(id)).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('changes', () => {
  it('are told in the order of seq, and a listener that fails harms nobody', async () => {
    const { queue } = await openTestQueue()
    const events: TaskEvent[] = []
    queue.onChange(() => {
      throw new Error('listener')
    })
    queue.onChange(event => events.push(event))
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    await queue.submit('alice', [work(1)])
    await settle()
    worker.calls[0]!.end(done)
    await settle()
    expect(events.map(({ seq, state }) => [seq, state])).toEqual([
      [1, 'queued'],
      [2, 'running'],
      [3, 'succeeded'],
    ])
  })
})

describe('a worker that pulls', () => {
  it('claims leases and completes them', async () => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(0))
    await queue.submit('alice', [work(1), work(2), work(3)])
    const claimed = await queue.claim(worker, 2)
    expect(claimed.map(each => each.input)).toEqual([{ n: 1 }, { n: 2 }])
    const reports = claimed.map(({ lease: { task_id, fence } }) => ({
      task_id,
      fence,
      instance_id: 'w1-run',
      outcome: done,
    }))
    expect(await queue.complete('w1', reports)).toEqual(['committed', 'committed'])
  })
})

describe('draining', () => {
  it('leaves what waits, and a task that runs can still be cancelled', async () => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const [running] = await queue.submit('alice', [work(1), work(2)])
    await settle()
    const drained = queue.drain(new AbortController().signal)
    await queue.cancel(idOf(running), 'the node goes')
    await drained
    expect(await queue.status()).toMatchObject({ state: 'draining', counts: { cancelled: 1, queued: 1 } })
  })

  it('grants nothing more and ends when what runs has ended', async () => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    await queue.submit('alice', [work(1), work(2)])
    await settle()
    const drained = queue.drain(new AbortController().signal)
    worker.calls[0]!.end(done)
    await drained
    expect(worker.calls).toHaveLength(0)
    await expect(queue.submit('alice', [work(3)])).rejects.toMatchObject({ code: 'unavailable' })
  })
})
