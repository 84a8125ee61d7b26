import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CommandMap, Reply } from './commands.ts'
import type { QueueStore } from './store.ts'
import type { TaskHead } from './task.ts'

export interface StoreUnderTest {
  store: QueueStore
  /** Frees what the test's store used. */
  dispose(): Promise<void>
}

const AT = 1_750_000_000_000

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

    it('keeps a task with all that was given', async () => {
      const task = headOf('t1', {
        target: 'p',
        labels: { a: 'b' },
        metadata: { x: [1, null] },
        deadline: AT + 5,
        queue_timeout_ms: 7,
      })
      await store.apply([submit(task)])
      expect(await store.get('t1')).toEqual({
        head: { ...task, seq: 1, queued_at: AT },
        params: '{"of":"t1"}',
        logs: [],
      })
      expect(await store.get('t2')).toBeUndefined()
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
        head: { state: 'succeeded', fence: 1, seq: 3 },
        result: '{"of":"t1"}',
      })
      expect(seqOf((await store.apply([lease('t2')]))[0])).toBe(5)
    })

    it('gives params and terms with a lease', async () => {
      const [, reply] = await store.apply([submit(headOf('t1', { deadline: AT + 9 })), lease('t1')])
      expect(reply).toMatchObject({
        changed: true,
        state: 'running',
        fence: 1,
        peer_id: 'p1',
        granted: { params: '{"of":"t1"}', attempt: 1, attempt_timeout_ms: 1_000, deadline: AT + 9 },
      })
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
      ])
      expect(replies.map(reply => (reply.changed ? 'changed' : reply.refusal))).toEqual([
        'duplicate',
        'stale_fence',
        'terminal',
        'not_found',
        'conflict',
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

    it('lists in the order of making, by filter and in pages', async () => {
      const ids = Array.from({ length: 25 }, (_, index) => `t${index}`)
      await store.apply(
        ids.map((id, index) => submit(headOf(id, { tool: index % 2 ? 'odd' : 'even', principal: 'p' }))),
      )
      await store.apply(['t0', 't1', 't2'].flatMap(id => [lease(id), settle(id, 1)]))
      await store.apply([lease('t3')])
      const seen: string[] = []
      for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
        const page = await store.list({
          limit: 10,
          order: 'newest',
          ...(cursor === undefined ? {} : { cursor }),
        })
        seen.push(...page.tasks.map(task => task.task_id))
        cursor = page.next_cursor
      }
      expect(seen).toEqual(ids.toReversed())
      const list = async (filter: object) =>
        (await store.list({ limit: 4, order: 'oldest', ...filter })).tasks.map(task => task.task_id)
      expect(await list({ states: ['succeeded'] })).toEqual(['t0', 't1', 't2'])
      expect(await list({ states: ['succeeded', 'running'] })).toEqual(['t0', 't1', 't2', 't3'])
      expect(await list({ states: ['queued'], tool: 'odd' })).toEqual(['t5', 't7', 't9', 't11'])
      expect(await list({ principal: 'nobody' })).toEqual([])
      expect((await store.list({ limit: 1, order: 'newest' })).tasks[0]).not.toHaveProperty('params')
      await expect(list({ cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_input' })
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

    it('streams every task that has not ended, oldest first', async () => {
      const ids = Array.from({ length: 2_500 }, (_, index) => `t${index}`)
      await store.apply(ids.map(id => submit(headOf(id))))
      await store.apply([lease('t0'), settle('t0', 1), lease('t1')])
      const found: TaskHead[] = []
      for await (const page of store.live()) found.push(...page)
      expect(found.map(task => task.task_id)).toEqual(ids.slice(1))
      expect(found[0]).toMatchObject({ state: 'running', attempts: [{ peer_id: 'p1', instance_id: 'i1' }] })
    })

    it('forgets old ended tasks, with their keys, and only those', async () => {
      await store.apply([
        submit(headOf('t1', { idempotency_key: 'k' })),
        submit(headOf('t2')),
        submit(headOf('t3')),
      ])
      await store.apply([lease('t1'), settle('t1', 1), lease('t2'), { ...settle('t2', 1), at: AT + 100 }])
      expect(await store.prune(AT, 10)).toEqual({ tasks: 0, blobs: [] })
      expect(await store.prune(AT + 200, 1)).toEqual({ tasks: 1, blobs: [] })
      expect(await store.get('t1')).toBeUndefined()
      expect(await store.prune(AT + 200, 10)).toEqual({ tasks: 1, blobs: [] })
      expect(await store.counts()).toMatchObject({ succeeded: 0, queued: 1 })
      expect((await store.apply([submit(headOf('t4', { idempotency_key: 'k' }))]))[0]).toMatchObject({
        changed: true,
        seq: 8,
      })
    })

    it('commits overlapping calls in the order of the calls', async () => {
      const calls = [
        store.apply([submit(headOf('t1'))]),
        store.apply([lease('t1')]),
        store.apply([settle('t1', 1)]),
      ]
      expect((await Promise.all(calls)).flat().map(seqOf)).toEqual([1, 2, 3])
    })

    it('refuses calls after it was closed', async () => {
      await store.close()
      await expect(store.apply([submit(headOf('t1'))])).rejects.toMatchObject({ code: 'unavailable' })
      await expect(store.get('t1')).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}

/** A new task with small values. */
export function headOf(task_id: string, more: Partial<TaskHead> = {}): TaskHead {
  return {
    task_id,
    seq: 0,
    state: 'queued',
    principal: 'alice',
    tool: 'work',
    code_cid: 'code',
    repeat: 'pure',
    priority: 5,
    requires: [],
    any_build: false,
    attempt_timeout_ms: 1_000,
    retry: { max_attempts: 3, base_delay_ms: 100, max_delay_ms: 1_000, always: false },
    labels: {},
    metadata: {},
    created_at: AT,
    fence: 0,
    attempts: [],
    ...more,
  }
}

export function submit(task: TaskHead): CommandMap['submit'] {
  return { kind: 'submit', task_id: task.task_id, at: AT, task, params: JSON.stringify({ of: task.task_id }) }
}

export function lease(task_id: string): CommandMap['lease'] {
  return { kind: 'lease', task_id, at: AT, peer_id: 'p1', instance_id: 'i1' }
}

export function settle(task_id: string, fence: number, of = task_id): CommandMap['settle'] {
  const outcome = { state: 'succeeded', result: JSON.stringify({ of }) } as const
  return { kind: 'settle', task_id, at: AT, roll: 0, fence, peer_id: 'p1', instance_id: 'i1', outcome }
}

function seqOf(reply: Reply | undefined): number | undefined {
  return reply?.changed ? reply.seq : undefined
}
