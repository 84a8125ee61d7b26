import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AT, headOf, lease, settle, submit } from '../states/commands.fixture.ts'
import type { Command, Reply } from '../states/commands.ts'
import { laneKey } from '../states/lane.ts'
import type { TaskHead } from '../task.ts'
import { listCompliance } from './queue-store-list.compliance.ts'
import type { QueueStore } from './store.ts'

export interface StoreUnderTest {
  store: QueueStore
  /** Frees what the test's store used. */
  dispose(): Promise<void>
}

/** What every driver of QueueStore holds. Call it in the driver's test file. */
export function queueStoreCompliance(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a QueueStore`, () => {
    let store: QueueStore
    let dispose: () => Promise<void>

    beforeEach(async () => {
      const opened = await open()
      store = opened.store
      dispose = opened.dispose
    })
    afterEach(() => dispose())

    listCompliance(() => store)

    it('keeps a task with all that was given', async () => {
      const task = headOf('t1', {
        target: 'p',
        requires: ['a', 'b'],
        labels: { a: 'b', 'ü "\\': '' },
        metadata: { x: [1, null] },
        deadline: AT + 5,
        queue_timeout_ms: 7,
        concurrency: { key: 'c', limit: 3 },
        rate: { key: 'r', limit: 4, per_ms: 1_000 },
        resubmitted_from: 't0',
        idempotency_key: 'k',
        request_cid: 'cid',
      })
      await store.apply([submit(task)])
      const head = { ...task, seq: 1, queued_at: AT }
      expect(await store.get('t1')).toEqual({ head, params: '{"of":"t1"}', logs: [] })
      expect(await store.head('t1')).toEqual(head)
      expect(await store.result('t1')).toEqual({ head })
      expect(await store.get('t2')).toBeUndefined()
      expect(await store.head('t2')).toBeUndefined()
      expect(await store.result('t2')).toBeUndefined()
    })

    it('reads many tasks at once, in the order of their ids', async () => {
      await store.apply([submit(headOf('t1')), submit(headOf('t2')), lease('t1'), settle('t1', 1)])
      const found = await store.results(['t2', 'none', 't1'])
      expect(found).toEqual([await store.result('t2'), undefined, await store.result('t1')])
      expect(await store.results([])).toEqual([])
    })

    it('reads of many large results as many as a message should carry', async () => {
      const ids = Array.from({ length: 12 }, (_, n) => `t${n}`)
      const result = JSON.stringify('x'.repeat(1_000_000))
      for (const id of ids) {
        const settled: Command = { ...settle(id, 1), outcome: { state: 'succeeded', result } }
        await store.apply([submit(headOf(id)), lease(id), settled])
      }
      const read: string[] = []
      while (read.length < ids.length) {
        const found = await store.results(ids.slice(read.length))
        expect(found.length).toBeGreaterThan(0)
        for (const each of found) read.push(each?.result === result ? each.head.task_id : '')
      }
      expect(read).toEqual(ids)
    })

    it('runs a batch in order, later commands seeing earlier ones, with one growing seq', async () => {
      const replies = await store.apply([
        submit(headOf('t1')),
        lease('t1'),
        settle('t1', 1),
        submit(headOf('t2')),
      ])
      expect(replies.map(seqOf)).toEqual([1, 2, 3, 4])
      expect(await store.get('t1')).toMatchObject({
        head: { state: 'succeeded', fence: 1, seq: 3, attempts: [{ state: 'succeeded' }] },
        result: '{"of":"t1"}',
      })
      expect(await store.result('t1')).toMatchObject({ head: { seq: 3 }, result: '{"of":"t1"}' })
      expect(await store.result('t1')).not.toHaveProperty('params')
      expect(seqOf((await store.apply([lease('t2')]))[0])).toBe(5)
      expect(await store.apply([])).toEqual([])
    })

    it('gives params and terms with a lease', async () => {
      const [, reply] = await store.apply([submit(headOf('t1', { deadline: AT + 9 })), lease('t1')])
      expect(reply).toMatchObject({
        changed: true,
        state: 'running',
        fence: 1,
        peer_id: 'p1',
        due_at: AT + 9,
        granted: { params: '{"of":"t1"}', attempt: 1, attempt_timeout_ms: 1_000, deadline: AT + 9 },
      })
      const long = JSON.stringify({ text: 'ä'.repeat(100_000) })
      const [, second] = await store.apply([{ ...submit(headOf('t2')), params: long }, lease('t2')])
      expect(second).toMatchObject({ granted: { params: long } })
    })

    it('refuses without a change what the state table refuses', async () => {
      await store.apply([submit(headOf('t1')), lease('t1'), settle('t1', 1)])
      const before = await store.get('t1')
      const replies = await store.apply([
        settle('t1', 1),
        settle('t1', 1, 'other'),
        lease('t1'),
        lease('none'),
        submit(headOf('t1')),
        { kind: 'cancel', task_id: 't1', at: AT, reason: 'late' },
        { kind: 'due', task_id: 't1', at: AT },
        { kind: 'update', task_id: 't1', at: AT, changes: { priority: 1 } },
      ])
      expect(replies.map(reply => (reply.changed ? 'changed' : reply.refusal))).toEqual([
        'duplicate',
        'stale_fence',
        'terminal',
        'not_found',
        'conflict',
        'terminal',
        'terminal',
        'terminal',
      ])
      expect(await store.get('t1')).toEqual(before)
      expect(seqOf((await store.apply([submit(headOf('t2'))]))[0])).toBe(4)
    })

    it('compares an idempotency key within its principal, in the same batch and later', async () => {
      const keyed = { idempotency_key: 'k', request_cid: 'c1' }
      const replies = await store.apply([
        submit(headOf('t1', keyed)),
        submit(headOf('t2', keyed)),
        submit(headOf('t3', { ...keyed, request_cid: 'c2' })),
        submit(headOf('t4', { ...keyed, principal: 'bob' })),
      ])
      expect(replies).toMatchObject([
        { changed: true, task_id: 't1' },
        { changed: false, task_id: 't1', refusal: 'duplicate', state: 'queued' },
        { changed: false, task_id: 't1', refusal: 'conflict' },
        { changed: true, task_id: 't4' },
      ])
      await store.apply([lease('t1'), settle('t1', 1)])
      expect((await store.apply([submit(headOf('t5', keyed))]))[0]).toMatchObject({
        refusal: 'duplicate',
        state: 'succeeded',
      })
    })

    it('finds what has not ended by the beginning of its key, in pages', async () => {
      const keys = ['w/1/a', 'w/1/b', 'w/2/a', 'w', 'x/1/a']
      await store.apply([
        ...keys.map((key, n) => submit(headOf(`t${n}`, { idempotency_key: key, request_cid: key }))),
        submit(headOf('other', { idempotency_key: 'w/1/c', request_cid: 'c', principal: 'bob' })),
        submit(headOf('none')),
      ])
      const found = [
        { key: 'w/1/a', task_id: 't0' },
        { key: 'w/1/b', task_id: 't1' },
        { key: 'w/2/a', task_id: 't2' },
      ]
      expect(await store.openByKey('alice', 'w/', '', 10)).toEqual(found)
      // Wherever a driver keeps them by now.
      await store.list({ order: 'oldest', limit: 1 })
      expect(await store.openByKey('alice', 'w/', '', 10)).toEqual(found)
      await store.apply([lease('t0'), lease('t1'), settle('t1', 1)])
      expect(await store.openByKey('alice', 'w/', '', 10)).toEqual([found[0], found[2]])
      expect(await store.openByKey('alice', 'w/', '', 1)).toEqual([{ key: 'w/1/a', task_id: 't0' }])
      expect(await store.openByKey('alice', 'w/', 'w/1/a', 10)).toEqual([{ key: 'w/2/a', task_id: 't2' }])
      expect(await store.openByKey('alice', 'w/', 'w/2/a', 10)).toEqual([])
      expect(await store.openByKey('bob', 'w/1/', '', 10)).toEqual([{ key: 'w/1/c', task_id: 'other' }])
    })

    it('counts by state', async () => {
      await store.apply([
        submit(headOf('t1')),
        submit(headOf('t2')),
        submit(headOf('t3', { run_at: AT + 9 })),
        lease('t1'),
      ])
      await store.apply([settle('t1', 1), lease('t2')])
      const none = { failed: 0, cancelled: 0, expired: 0 }
      expect(await store.counts()).toEqual({ ...none, scheduled: 1, queued: 0, running: 1, succeeded: 1 })
    })

    it('keeps metadata as it was written, whatever its names are', async () => {
      const metadata = JSON.parse('{"__proto__":{"a":1},"constructor":2,"\\u0000":"\\ud800"}')
      await store.apply([submit(headOf('t1', { metadata }))])
      expect(JSON.stringify((await store.list({ order: 'newest', limit: 5 })).tasks[0]?.metadata)).toBe(
        JSON.stringify(metadata),
      )
    })

    it('says where a task waits, waited before, and when time will change it', async () => {
      const plain = laneKey(headOf('t'))
      const urgent = laneKey(headOf('t', { priority: 9 }))
      const head = headOf('t1', { queue_timeout_ms: 50, retry: { ...headOf('t').retry, base_delay_ms: 100 } })
      const failed: Command = {
        ...settle('t1', 1),
        roll: 0.999,
        outcome: { state: 'failed', error: { code: 'tool_failed', message: 'no', retryable: true } },
      }
      const replies = await store.apply([
        submit(head),
        { kind: 'update', task_id: 't1', at: AT, changes: { priority: 9, labels: { a: 'b' } } },
        { kind: 'update', task_id: 't1', at: AT, changes: { metadata: { x: 1 } } },
        lease('t1'),
        failed,
        { kind: 'due', task_id: 't1', at: AT + 99 },
        { kind: 'due', task_id: 't1', at: AT + 100 },
        { kind: 'cancel', task_id: 't1', at: AT + 101, reason: 'no need' },
      ])
      expect(replies).toMatchObject([
        { order: 1, lane: plain, queued_at: AT, due_at: AT + 50 },
        { order: 1, lane: urgent, left: plain, due_at: AT + 50 },
        { order: 1, due_at: AT + 50 },
        { order: 1, left: urgent, state: 'running' },
        { order: 1, state: 'queued', due_at: AT + 100 },
        { changed: false, refusal: 'not_due' },
        { order: 1, lane: urgent, queued_at: AT + 100, due_at: AT + 150 },
        { order: 1, left: urgent, state: 'cancelled' },
      ])
      const [made, , stayed, leased, held, , back, ended] = replies
      expect(made).not.toHaveProperty('left')
      expect(stayed).not.toHaveProperty('left')
      for (const reply of [stayed, leased, held, ended]) expect(reply).not.toHaveProperty('lane')
      for (const reply of [held, back]) expect(reply).not.toHaveProperty('left')
      for (const reply of [leased, ended]) expect(reply).not.toHaveProperty('due_at')
      expect(await store.head('t1')).toMatchObject({ priority: 9, labels: { a: 'b' }, metadata: { x: 1 } })
    })

    it('keeps each lane in the order in which its tasks were made, a retry in its old place', async () => {
      const [plain, other] = [laneKey(headOf('t')), laneKey(headOf('t', { tool: 'other' }))]
      const ids = Array.from({ length: 300 }, (_, index) => `t${index}`)
      await store.apply(ids.map((id, index) => submit(headOf(id, index % 3 ? {} : { tool: 'other' }))))
      const givenBack: Command = {
        kind: 'release',
        task_id: 't1',
        at: AT + 5,
        roll: 0,
        fence: 1,
        cause: 'given_back',
      }
      await store.apply([
        lease('t1'),
        lease('t2'),
        lease('t0'),
        lease('t3'),
        submit(headOf('late')),
        givenBack,
      ])
      expect(new Map((await store.lanes()).map(({ lane, waiting }) => [lane, waiting]))).toEqual(
        new Map([
          [plain, 200],
          [other, 98],
        ]),
      )
      const first = await store.waiting(plain, 0, 3)
      expect(first).toEqual([
        { task_id: 't1', order: 2, queued_at: AT + 5 },
        { task_id: 't4', order: 5, queued_at: AT },
        { task_id: 't5', order: 6, queued_at: AT },
      ])
      expect(await store.waiting(plain, 6, 1)).toEqual([{ task_id: 't7', order: 8, queued_at: AT }])
      expect(await store.waiting(plain, 300, 5)).toEqual([{ task_id: 'late', order: 301, queued_at: AT }])
      expect(await store.waiting(laneKey(headOf('t', { priority: 1 })), 0, 5)).toEqual([])
      const rest = (await store.waiting(other, 0, 200)).map(task => lease(task.task_id))
      await store.apply(rest)
      expect(await store.lanes()).toEqual([{ lane: plain, waiting: 200 }])
    })

    it('gives what time will change, the soonest first', async () => {
      await store.apply([
        submit(headOf('t1', { deadline: AT + 30 })),
        submit(headOf('t2', { run_at: AT + 10, deadline: AT + 500 })),
        submit(headOf('t3', { queue_timeout_ms: 10 })),
        submit(headOf('t4')),
        submit(headOf('t5', { run_at: AT + 5 })),
        submit(headOf('t6', { deadline: AT + 1, queue_timeout_ms: 2 })),
        lease('t6'),
        submit(headOf('t7', { queue_timeout_ms: 3 })),
        lease('t7'),
      ])
      const all = await store.due(undefined, 10)
      expect(all).toEqual([
        { task_id: 't6', due_at: AT + 1, order: 6 },
        { task_id: 't5', due_at: AT + 5, order: 5 },
        { task_id: 't2', due_at: AT + 10, order: 2 },
        { task_id: 't3', due_at: AT + 10, order: 3 },
        { task_id: 't1', due_at: AT + 30, order: 1 },
      ])
      expect(await store.due(all[2], 1)).toEqual([all[3]])
      const replies = await store.apply(
        ['t6', 't5', 't2', 't3', 't1', 't4'].map(task_id => ({ kind: 'due', task_id, at: AT + 10 })),
      )
      expect(replies.map(reply => (reply.changed ? reply.state : reply.refusal))).toEqual([
        'expired',
        'queued',
        'queued',
        'expired',
        'not_due',
        'not_due',
      ])
      expect((await store.due(undefined, 10)).map(task => task.task_id)).toEqual(['t1', 't2'])
    })

    it('streams every running task, oldest first', async () => {
      const ids = Array.from({ length: 1_200 }, (_, index) => `t${index}`)
      await store.apply(ids.map(id => submit(headOf(id))))
      await store.apply(ids.slice(0, -2).map(lease))
      await store.apply([settle('t0', 1)])
      const found: TaskHead[] = []
      for await (const page of store.running()) found.push(...page)
      expect(found.map(task => task.task_id)).toEqual(ids.slice(1, -2))
      expect(found[0]).toMatchObject({ state: 'running', attempts: [{ peer_id: 'p1', instance_id: 'i1' }] })
    })

    it('gives every change in order from any position', async () => {
      expect(await store.events(0, 10)).toEqual({ events: [], oldest: 1, last: 0 })
      const replies = await store.apply([submit(headOf('t1')), lease('t1'), lease('t1')])
      replies.push(...(await store.apply([settle('t1', 1), submit(headOf('t2', { principal: 'bob' }))])))
      const events = [
        { task_id: 't1', seq: 1, state: 'queued', at: AT, fence: 0, tool: 'work', principal: 'alice' },
        {
          task_id: 't1',
          seq: 2,
          state: 'running',
          at: AT,
          peer_id: 'p1',
          fence: 1,
          tool: 'work',
          principal: 'alice',
        },
        {
          task_id: 't1',
          seq: 3,
          state: 'succeeded',
          at: AT,
          peer_id: 'p1',
          fence: 1,
          tool: 'work',
          principal: 'alice',
        },
        { task_id: 't2', seq: 4, state: 'queued', at: AT, fence: 0, tool: 'work', principal: 'bob' },
      ]
      expect(await store.events(0, 10)).toEqual({ events, oldest: 1, last: 4 })
      expect(await store.events(1, 2)).toEqual({ events: events.slice(1, 3), oldest: 1, last: 4 })
      expect(await store.events(4, 2)).toEqual({ events: [], oldest: 1, last: 4 })
    })

    it('keeps the log lines of attempts', async () => {
      const lines = (text: string) => JSON.stringify([{ at: AT, level: 'info', message: text }])
      const lost: Command = { kind: 'release', task_id: 't1', at: AT, roll: 0, fence: 1, cause: 'lost' }
      await store.apply([
        submit(headOf('t1')),
        lease('t1'),
        { ...lost, logs: lines('so far') },
        lease('t1'),
        { ...settle('t1', 2), logs: lines('done') },
        { ...settle('t1', 2), logs: lines('again') },
      ])
      expect((await store.get('t1'))?.logs).toEqual([
        { fence: 1, lines: lines('so far') },
        { fence: 2, lines: lines('done') },
      ])
    })

    it('keeps bodies by reference, and says which blobs nothing refers to any more', async () => {
      const [a, b] = [
        { blob: 'cid-a', size: 5_000_000 },
        { blob: 'cid-b', size: 6_000_000 },
      ]
      const ends = (id: string, at: number): Command => {
        return { ...settle(id, 1), at, outcome: { state: 'succeeded', result: b } }
      }
      const [, leased] = await store.apply([
        { ...submit(headOf('t1')), params: a },
        lease('t1'),
        ends('t1', AT),
      ])
      expect(leased).toMatchObject({ granted: { params: a } })
      await store.apply([{ ...submit(headOf('t2')), params: a }, lease('t2'), ends('t2', AT + 10)])
      await store.apply([submit(headOf('t3')), lease('t3'), settle('t3', 1)])
      expect(await store.get('t1')).toMatchObject({ params: a, result: b })
      expect(await store.result('t1')).toMatchObject({ result: b })
      const blobs = async () => {
        const found: string[] = []
        for await (const page of store.blobs()) found.push(...page)
        return found.sort()
      }
      expect(await blobs()).toEqual(['cid-a', 'cid-b'])
      expect(await store.prune(AT + 5, 10)).toEqual({ tasks: 2, blobs: [] })
      const { tasks, blobs: left } = await store.prune(AT + 15, 10)
      expect([tasks, left.sort()]).toEqual([1, ['cid-a', 'cid-b']])
      expect(await blobs()).toEqual([])
    })

    it('keeps records', async () => {
      await store.putRecord('pauses', [{ scope: 'queue' }])
      await store.putRecord('schedule/a', { cron: '* * * * *' })
      await store.putRecord('pauses', [])
      const records = async () => (await store.records()).sort((a, b) => (a.key < b.key ? -1 : 1))
      expect(await records()).toEqual([
        { key: 'pauses', value: [] },
        { key: 'schedule/a', value: { cron: '* * * * *' } },
      ])
      await store.putRecord('pauses', undefined)
      expect((await records()).map(({ key }) => key)).toEqual(['schedule/a'])
    })

    it('forgets old ended tasks, with their keys and changes, and only those', async () => {
      await store.apply([
        submit(headOf('t1', { idempotency_key: 'k', labels: { a: 'b' } })),
        submit(headOf('t2')),
        submit(headOf('t3')),
      ])
      await store.apply([lease('t1'), settle('t1', 1), lease('t2')])
      await store.apply([{ ...settle('t2', 1), at: AT + 100 }])
      expect(await store.prune(AT, 10)).toEqual({ tasks: 0, blobs: [] })
      expect((await store.events(0, 10)).oldest).toBe(1)
      expect(await store.prune(AT + 100, 10)).toEqual({ tasks: 1, blobs: [] })
      expect(await store.get('t1')).toBeUndefined()
      expect(await store.events(0, 10)).toMatchObject({
        events: [{ task_id: 't2', seq: 7 }],
        oldest: 7,
        last: 7,
      })
      expect(await store.prune(AT + 200, 10)).toEqual({ tasks: 1, blobs: [] })
      expect(await store.events(0, 10)).toEqual({ events: [], oldest: 8, last: 7 })
      expect(await store.counts()).toMatchObject({ succeeded: 0, queued: 1 })
      expect((await store.apply([submit(headOf('t4', { idempotency_key: 'k' }))]))[0]).toMatchObject({
        changed: true,
        seq: 8,
        order: 4,
      })
    })

    it('forgets at most so many at once, the oldest first, of whatever state', async () => {
      const cancel = (task_id: string, at: number): Command => ({ kind: 'cancel', task_id, at, reason: 'no' })
      await store.apply(['t1', 't2', 't3'].map(id => submit(headOf(id))))
      await store.apply([
        lease('t1'),
        { ...settle('t1', 1), at: AT + 3 },
        cancel('t2', AT + 1),
        cancel('t3', AT + 2),
      ])
      expect((await store.prune(AT + 9, 2)).tasks).toBe(2)
      expect(await store.head('t1')).toBeDefined()
      expect(await store.head('t3')).toBeUndefined()
    })

    it('commits overlapping calls in the order of the calls, and answers in that order', async () => {
      const ends: string[] = []
      const noted = (name: string, call: Promise<unknown>) => call.then(() => ends.push(name))
      const calls = [
        store.apply([submit(headOf('t1'))]),
        store.waiting(laneKey(headOf('t')), 0, 5),
        store.apply([lease('t1')]),
        store.head('t1'),
        store.apply([settle('t1', 1)]),
      ] as const
      await Promise.all(calls.map((call, index) => noted(String(index), call)))
      expect(ends).toEqual(['0', '1', '2', '3', '4'])
      expect(await calls[1]).toMatchObject([{ task_id: 't1' }])
      expect(await calls[3]).toMatchObject({ state: 'running' })
      expect(seqOf((await calls[4])[0])).toBe(3)
    })

    it('can be asked whether it takes changes, which changes nothing', async () => {
      await store.check()
      expect(await store.events(0, 1)).toMatchObject({ last: 0 })
    })

    it('refuses calls after it was closed', async () => {
      expect(store.failure).toBeUndefined()
      await store.close()
      expect(store.failure).toMatch(/closed/)
      const calls = [store.apply([submit(headOf('t1'))]), store.get('t1'), store.check(), store.records()]
      for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}

function seqOf(reply: Reply | undefined): number | undefined {
  return reply?.changed ? reply.seq : undefined
}
