import { describe, expect, it } from 'vitest'
import { silentLogger } from '../logger.ts'
import { Bodies } from './bodies/bodies.ts'
import { MemoryBlobStore } from './bodies/memory-blob-store.ts'
import { LOG_LINES_KEPT } from './log-tail.ts'
import { done, HeldStore, idOf, openTestQueue, settle, TestWorker, work } from './queue.fixture.ts'
import type { SubmitReceipt } from './requests/submission.ts'
import type { Command, Reply } from './states/commands.ts'
import { MemoryQueueStore } from './store/memory-queue-store.ts'

const failed = {
  state: 'failed',
  error: { code: 'tool_failed', message: 'no', retryable: true },
} as const

describe('an update', () => {
  it('changes a task that has not started, and its place among the others', async () => {
    const { queue, clock } = await openTestQueue()
    const [first, second] = await queue.submit('alice', [work(1), work(2)])
    const updated = await queue.update(idOf(second), {
      priority: 9,
      labels: { a: 'b' },
      metadata: { x: 1 },
      attempt_timeout_ms: 7_000,
      retry: { max_attempts: 2 },
      deadline: new Date(clock.now() + 60_000).toISOString(),
    })
    expect(updated).toMatchObject({
      priority: 9,
      labels: { a: 'b' },
      metadata: { x: 1 },
      attempt_timeout_ms: 7_000,
      retry: { max_attempts: 2, base_delay_ms: 500 },
      deadline: clock.now() + 60_000,
    })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(2))
    await settle()
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 2 }, { n: 1 }])
    await expect(queue.update(idOf(first), { labels: {} })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('of labels leaves a task at its place, and counts it once', async () => {
    const { queue } = await openTestQueue()
    const [first] = await queue.submit('alice', [work(1), work(2)])
    await queue.update(idOf(first), { labels: { a: 'b' } })
    expect(await queue.status()).toMatchObject({ ready: 2 })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    await settle()
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 1 }])
    expect(await queue.status()).toMatchObject({ ready: 1 })
  })

  it('moves the start, and takes limits away', async () => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const [later] = await queue.submit('alice', [work(1, { delay_ms: 60_000, queue_timeout_ms: 1_000 })])
    await queue.update(idOf(later), { delay_ms: 5_000, queue_timeout_ms: null })
    await clock.advance(5_100)
    expect(worker.calls).toHaveLength(1)
    expect(await queue.head(idOf(later))).not.toHaveProperty('queue_timeout_ms')
  })

  it('names what it cannot take', async () => {
    const { queue } = await openTestQueue()
    const [receipt] = await queue.submit('alice', [work(1)])
    const refused = (field: string) => ({ code: 'invalid_input', details: { field } })
    await expect(queue.update(idOf(receipt), { priority: 0 })).rejects.toMatchObject(refused('/priority'))
    await expect(queue.update(idOf(receipt), { deadline: '2001-01-01T00:00:00Z' })).rejects.toMatchObject(
      refused('/deadline'),
    )
    await expect(queue.update('none', { priority: 1 })).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('a priority changed while a lease is being committed', () => {
  it('leases the task once', async () => {
    const store = new HeldStore()
    const { queue } = await openTestQueue({ store })
    const [receipt] = await queue.submit('alice', [work(1)])
    const release = store.hold()
    const updated = queue.update(idOf(receipt), { priority: 9 })
    await settle()
    // It is taken from its lane now, and comes to another one before its lease is decided.
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(5))
    await settle()
    release()
    expect(await updated).toMatchObject({ priority: 9 })
    await settle()
    expect(worker.calls).toHaveLength(1)
    expect(await queue.status()).toMatchObject({ ready: 0, workers: [{ running: 1 }] })
    worker.calls[0]!.end(done)
    await settle()
    expect(await queue.status()).toMatchObject({ ready: 0, workers: [{ running: 0 }] })
  })
})

describe('a resubmit', () => {
  it('is a new task that says where it came from, with what it asked for and what is changed', async () => {
    const { queue } = await openTestQueue()
    const [receipt] = await queue.submit('alice', [work(1, { priority: 7, idempotency_key: 'k' })])
    await expect(queue.resubmit('alice', idOf(receipt))).rejects.toMatchObject({ code: 'conflict' })
    await queue.cancel(idOf(receipt), 'no need')
    const again = idOf(await queue.resubmit('bob', idOf(receipt), { params: { n: 2 } }))
    expect(await queue.get(again)).toMatchObject({
      state: 'queued',
      principal: 'bob',
      priority: 7,
      params: { n: 2 },
      resubmitted_from: idOf(receipt),
    })
    expect(await queue.get(again)).not.toHaveProperty('idempotency_key')
    await expect(queue.resubmit('bob', 'none')).rejects.toMatchObject({ code: 'not_found' })
    expect(await queue.resubmit('bob', idOf(receipt), { priority: 0 })).toMatchObject({
      error: { code: 'invalid_input', field: '/priority' },
    })
  })
})

describe('a reserved key', () => {
  it('makes one task however often it is submitted, and no client can use it', async () => {
    const { queue } = await openTestQueue()
    const first = await queue.submitOnce('alice', work(1), 'schedule:a:1')
    expect(await queue.submitOnce('alice', work(2), 'schedule:a:1')).toEqual({
      task_id: idOf(first),
      state: 'queued',
      deduplicated: true,
    })
    const [taken] = await queue.submit('alice', [work(1, { idempotency_key: 'schedule:a:2' })])
    expect(taken).toMatchObject({ error: { code: 'invalid_input', field: '/idempotency_key' } })
  })
})

describe('a pause', () => {
  it('holds what waits and not what runs, and says so', async () => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    await queue.submit('alice', [work(1), work(2), { tool: 'other', params: {} }])
    await settle()
    await queue.pause({ tool: 'work' })
    await queue.pause({ tool: 'work' })
    expect(queue.pauses()).toHaveLength(1)
    worker.calls[0]!.end(done)
    await settle()
    expect(worker.calls.map(call => call.assignment.tool)).toEqual(['other'])
    const { waiting_for, pauses } = await queue.status()
    expect(waiting_for).toEqual([{ tool: 'work', tasks: 1, missing: 'tool work is paused' }])
    expect(pauses).toMatchObject([{ scope: 'tool', name: 'work' }])
    worker.calls[0]!.end(done)
    await queue.resume({ tool: 'work' })
    await settle()
    expect(worker.calls.map(call => call.assignment.tool)).toEqual(['work'])
    await expect(queue.pause({ tool: 'nope' })).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(queue.pause({ category: 'nope' })).rejects.toMatchObject({ code: 'invalid_input' })
  })
})

describe('log lines of an attempt', () => {
  it('are there while it runs, and are kept with it when it has ended, the newest of them', async () => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await settle()
    for (let n = 0; n < 250; n++) worker.calls[0]!.hooks.onLog?.({ level: 'info', message: `line ${n}` })
    expect(queue.logsOf(id)).toHaveLength(LOG_LINES_KEPT)
    worker.calls[0]!.end(failed)
    await settle()
    expect(queue.logsOf(id)).toEqual([])
    await clock.advance(10_000)
    const own = [{ at: 1, level: 'info', message: 'the worker said it', data: { x: 1 } }] as const
    worker.calls[0]!.hooks.onLog?.({ level: 'info', message: 'heard' })
    worker.calls[0]!.end({ ...done, logs: [...own] })
    await settle()
    const { attempts } = await queue.get(id)
    expect(attempts[0]?.logs).toHaveLength(LOG_LINES_KEPT)
    expect(attempts[0]?.logs?.at(-1)).toMatchObject({ message: 'line 249', level: 'info' })
    expect(attempts[1]?.logs).toEqual(own)
    expect((await queue.withLogs(id)).attempts[1]?.logs).toEqual(own)
    expect((await queue.head(id)).attempts[1]).not.toHaveProperty('logs')
  })

  it('are kept of an attempt that was lost', async () => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await settle()
    worker.calls[0]!.hooks.onLog?.({ level: 'info', message: 'x'.repeat(5_000), data: 'y'.repeat(5_000) })
    queue.dropped(worker)
    await clock.advance(6_000)
    const { attempts } = await queue.withLogs(id)
    expect(attempts[0]).toMatchObject({ state: 'lost', logs: [{ message: 'x'.repeat(1_000) }] })
    expect(attempts[0]?.logs?.[0]).not.toHaveProperty('data')
  })
})

describe('a heartbeat', () => {
  it('keeps the leases that it names, or all of them, and tells which are still its own', async () => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    worker.live = () => []
    queue.announce(worker, worker.announcement(2))
    const receipts = await queue.submit('alice', [work(1), work(2)])
    const [first, second] = receipts.map(idOf)
    await settle()
    await clock.advance(20_000)
    const lease = { task_id: first!, fence: 1 }
    const strange = [
      { task_id: second!, fence: 2 },
      { task_id: 'none', fence: 1 },
    ]
    expect(queue.heartbeat('w1', [lease, ...strange])).toEqual([lease])
    expect(queue.heartbeat('w2', [lease])).toEqual([])
    await clock.advance(15_000)
    expect((await queue.head(first!)).state).toBe('running')
    expect((await queue.head(second!)).attempts[0]?.state).toBe('lost')
    expect(queue.heartbeat('w1')).toContainEqual(lease)
    await clock.advance(29_000)
    expect((await queue.head(first!)).attempts).toHaveLength(1)
  })
})

describe('large bodies', () => {
  const small = () =>
    new Bodies({ store: new MemoryBlobStore(), logger: silentLogger, inlineBytes: 64, bodyBytes: 4_096 })

  it('reach the worker and come back whole', async () => {
    const bodies = small()
    const { queue, store } = await openTestQueue({ bodies })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await settle()
    worker.calls[0]!.end({ state: 'succeeded', result: { text: 'r'.repeat(1_000) } })
    await settle()
    expect((await store.result(id))?.result).toMatchObject({ size: 1_011 })
    expect(await queue.result(id)).toMatchObject({ state: 'succeeded', result: { text: 'r'.repeat(1_000) } })
    expect((await queue.get(id)).result).toEqual({ text: 'r'.repeat(1_000) })
  })

  it('go to workers a few at a time, and the time of a lease begins when its worker has it', async () => {
    const bodies = new Bodies({ store: new MemoryBlobStore(), logger: silentLogger, inlineBytes: 4 })
    // Room for one: {"n":1000000} has 13 bytes.
    const { queue, clock } = await openTestQueue({ bodies, limits: { largeInputBytes: 20 } })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(3))
    const requests = [1_000_000, 2_000_000, 3_000_000].map(n => ({ ...work(n), attempt_timeout_ms: 60_000 }))
    const [first, second, third] = (await queue.submit('alice', requests)).map(idOf)
    await settle()
    expect(worker.calls.map(({ assignment }) => assignment.lease.task_id)).toEqual([first])
    await queue.cancel(second!, 'no need')
    await settle()
    // Longer than a lease and than an attempt may take: neither begins before the worker has it.
    worker.live = () => [{ task_id: first!, fence: 1 }]
    await clock.advance(64_000)
    worker.calls[0]!.end(done)
    await settle()
    expect(worker.calls.map(({ assignment }) => assignment.lease.task_id)).toEqual([third])
    worker.calls[0]!.end(done)
    await settle()
    expect((await queue.status()).workers).toMatchObject([{ running: 0 }])
    expect((await queue.head(third!)).attempts).toMatchObject([{ state: 'succeeded' }])
    expect((await queue.head(second!)).state).toBe('cancelled')
  })

  it('come to a worker that pulls as far as one answer carries them', async () => {
    const bodies = new Bodies({ store: new MemoryBlobStore(), logger: silentLogger, inlineBytes: 4 })
    const { queue } = await openTestQueue({ bodies, limits: { largeInputBytes: 40 } })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(0))
    await queue.submit('alice', [work(1_000_000), work(2_000_000)])
    expect((await queue.claim(worker, 3)).map(({ input }) => input)).toEqual([{ n: 1_000_000 }])
    await settle()
    expect((await queue.claim(worker, 3)).map(({ input }) => input)).toEqual([{ n: 2_000_000 }])
  })

  it('that cannot be read end the attempt, which is tried again', async () => {
    const blobs = new MemoryBlobStore()
    const bodies = new Bodies({ store: blobs, logger: silentLogger, inlineBytes: 4, bodyBytes: 4_096 })
    const { queue, store, clock } = await openTestQueue({ bodies })
    const id = idOf((await queue.submit('alice', [work(123_456)]))[0])
    const stored = (await store.get(id))?.params
    if (typeof stored !== 'object') throw new Error('the params are not a blob')
    const text = await blobs.get(stored.blob)
    await blobs.delete([stored.blob])
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    await settle()
    expect(worker.calls).toHaveLength(0)
    expect((await queue.head(id)).attempts[0]).toMatchObject({ state: 'failed', error: { code: 'internal' } })
    await blobs.put(stored, text)
    await clock.advance(10_000)
    expect(worker.calls[0]!.assignment.input).toEqual({ n: 123_456 })
    expect(queue.workers()).toMatchObject([{ running: 1 }])
  })
})

describe('figures of a worker', () => {
  it('tell what became of its attempts and how long they took, also after it came back', async () => {
    const { queue, clock } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1, ['kind:tab']))
    await queue.submit('alice', [work(1), work(2), work(3, { retry: { max_attempts: 1 } })])
    await settle()
    await clock.advance(100)
    worker.calls[0]!.end(done)
    await settle()
    await clock.advance(300)
    worker.calls[0]!.end({ ...failed, error: { ...failed.error, retryable: false } })
    await settle()
    queue.dropped(worker)
    await clock.advance(6_000)
    const back = new TestWorker('w1')
    queue.announce(back, back.announcement(1, ['kind:tab']))
    expect(queue.workers()).toMatchObject([
      {
        peer_id: 'w1',
        succeeded: 1,
        failed: 1,
        lost: 1,
        labels: ['kind:tab'],
        tools: 3,
        p99_ms: 300,
        mean_ms: 200,
      },
    ])
  })
})

describe('an adjusted offer', () => {
  it('gives less than the worker grants, never more, and other labels', async () => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(3))
    expect(queue.adjust('w1', { credits: 1 })).toEqual({ credits: 1, labels: [] })
    await queue.submit('alice', [work(1), work(2), work(3, { requires: ['gpu'], priority: 9 })])
    await settle()
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 1 }])
    expect(queue.adjust('w1', { credits: 9, labels: ['gpu'] })).toEqual({ credits: 3, labels: ['gpu'] })
    await settle()
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 1 }, { n: 3 }, { n: 2 }])
    queue.announce(worker, worker.announcement(3, ['other']))
    expect([...queue.offers()]).toMatchObject([{ credits: 3, labels: new Set(['gpu']) }])
    expect(() => queue.adjust('w2', {})).toThrow(/announced nothing/)
  })
})

describe('workers that pull', () => {
  it('are told of work once, as many as there is work for, and another when one of them leaves', async () => {
    const { queue } = await openTestQueue()
    const workers = [new TestWorker('w1'), new TestWorker('w2'), new TestWorker('w3')]
    for (const worker of workers) {
      queue.announce(worker, worker.announcement(0))
      expect(await queue.claim(worker, 2)).toEqual([])
    }
    await queue.submit('alice', [work(1)])
    await settle()
    expect(workers.map(worker => worker.wakeUps)).toEqual([1, 0, 0])
    queue.dropped(workers[0]!)
    await settle()
    expect(workers.map(worker => worker.wakeUps)).toEqual([1, 1, 0])
    expect(await queue.claim(workers[1]!, 1)).toHaveLength(1)
    await queue.submit('alice', [work(2)])
    await settle()
    // It got all that it asked for, so it comes by itself.
    expect(workers.map(worker => worker.wakeUps)).toEqual([1, 1, 1])
  })
})

describe('a task that a worker stands ready for', () => {
  it('is leased in the commit that makes it', async () => {
    const store = new RecordingStore()
    const { queue } = await openTestQueue({ store })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(2))
    await queue.submit('alice', [work(1)])
    await settle()
    store.batches.length = 0
    await queue.submit('alice', [work(2), work(3)])
    await settle()
    expect(store.batches).toEqual([['submit', 'lease', 'submit']])
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 1 }, { n: 2 }])
    expect(await queue.status()).toMatchObject({ ready: 1, workers: [{ running: 2 }] })
  })

  it('and is not made, as its key is taken, leaves the worker free', async () => {
    const { queue } = await openTestQueue()
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const one = { idempotency_key: 'k', concurrency: { key: 'c', limit: 1 } }
    await queue.submit('alice', [work(1, one)])
    await settle()
    worker.calls[0]!.end(done)
    await settle()
    expect(await queue.submit('alice', [work(1, one)])).toMatchObject([{ deduplicated: true }])
    await settle()
    expect(queue.workers()).toMatchObject([{ running: 0 }])
    await queue.submit('alice', [work(2, { ...one, idempotency_key: 'l' })])
    await settle()
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 2 }])
  })
})

/** Tells which commands were committed together. */
class RecordingStore extends MemoryQueueStore {
  readonly batches: string[][] = []

  override apply(commands: readonly Command[]): Promise<Reply[]> {
    this.batches.push(commands.map(({ kind }) => kind))
    return super.apply(commands)
  }
}

describe('a storm of submits, cancels and updates', () => {
  it('leaves every task where it belongs', async () => {
    const { queue, clock } = await openTestQueue()
    const workers = Array.from({ length: 4 }, (_, index) => new TestWorker(`w${index}`))
    for (const worker of workers) queue.announce(worker, worker.announcement(3))
    const ids: string[] = []
    const storms: Promise<unknown>[] = []
    for (let n = 0; n < 400; n++) {
      storms.push(
        queue
          .submit(`p${n % 5}`, [
            work(n, { priority: 1 + (n % 10), concurrency: { key: `k${n % 3}`, limit: 2 } }),
          ])
          .then(async ([receipt]) => {
            const id = idOf(receipt)
            ids.push(id)
            if (n % 7 === 0) await queue.cancel(id, 'storm').catch(() => {})
            if (n % 5 === 0) await queue.update(id, { priority: 1 + ((n + 3) % 10) }).catch(() => {})
            if (n % 11 === 0) await queue.update(id, { delay_ms: 1_000 }).catch(() => {})
          }),
      )
      if (n % 20 === 0) for (const worker of workers) for (const call of [...worker.calls]) call.end(done)
    }
    await Promise.all(storms)
    for (let round = 0; round < 1_000; round++) {
      await settle()
      for (const worker of workers) for (const call of [...worker.calls]) call.end(done)
      if (round % 50 === 0) await clock.advance(2_000)
      const { counts } = await queue.status()
      if (counts.queued + counts.running + counts.scheduled === 0) break
    }
    const { counts, ready } = await queue.status()
    expect(counts.succeeded + counts.cancelled).toBe(400)
    expect(ready).toBe(0)
    for (const { running } of queue.workers()) expect(running).toBe(0)
    expect(new Set(ids).size).toBe(400)
  })
})

describe('a change of a task that stays in its lane', () => {
  it('counts it once, wherever it stands there', async () => {
    const { queue } = await openTestQueue()
    const receipts = await queue.submit(
      'alice',
      Array.from({ length: 300 }, (_, n) => work(n)),
    )
    for (const at of [0, 299]) await queue.update(idOf(receipts[at]), { labels: { a: 'b' } })
    expect((await queue.status()).ready).toBe(300)
  })
})

describe('tasks that differ in what they need', () => {
  it('are taken as long as their lines and kinds are few, those in a known line always', async () => {
    const { queue, clock } = await openTestQueue({ limits: { lanes: 4, kinds: 3 } })
    const needing = (...labels: string[]) => labels.map(label => work(1, { requires: [label] }))
    const codes = (receipts: SubmitReceipt[]) =>
      receipts.map(each => ('error' in each ? each.error.code : 'taken'))
    const first = await queue.submit('alice', needing('a', 'b', 'a', 'c', 'd'))
    expect(codes(first)).toEqual(['taken', 'taken', 'taken', 'taken', 'queue_full'])
    const [full] = await queue.submit('alice', needing('d'))
    expect(full).toMatchObject({ error: { retryable: true, retry_after_ms: 1_000 } })
    // One more line of a known kind, and none after it.
    const ranked = (priority: number) => work(1, { requires: ['a'], priority })
    expect(codes(await queue.submit('alice', [ranked(9)]))).toEqual(['taken'])
    expect(codes(await queue.submit('alice', [ranked(8), ranked(9)]))).toEqual(['queue_full', 'taken'])
    await queue.cancel(idOf(first[1]), 'no need')
    await clock.advance(1_000)
    expect(codes(await queue.submit('alice', needing('d')))).toEqual(['taken'])
  })
})

describe('large params that are submitted again', () => {
  class CountingBlobs extends MemoryBlobStore {
    reading = 0
    most = 0
    override async get(cid: string): Promise<string> {
      this.reading += 1
      this.most = Math.max(this.most, this.reading)
      await settle()
      this.reading -= 1
      return super.get(cid)
    }
  }

  it('are read one after the other, and not at all where others are given', async () => {
    const blobs = new CountingBlobs()
    const bodies = new Bodies({ store: blobs, logger: silentLogger, inlineBytes: 4 })
    const { queue } = await openTestQueue({ bodies })
    const ids = (await queue.submit('alice', [work(1), work(2), work(3)])).map(idOf)
    await Promise.all(ids.map(id => queue.cancel(id, 'no need')))
    const again = await Promise.all(ids.map(id => queue.resubmit('alice', id)))
    expect(blobs.most).toBe(1)
    expect(await Promise.all(again.map(async each => (await queue.get(idOf(each))).params))).toEqual([
      { n: 1 },
      { n: 2 },
      { n: 3 },
    ])
    blobs.most = 0
    await queue.resubmit('alice', ids[0]!, { params: { n: 4 } })
    expect(blobs.most).toBe(0)
  })
})
