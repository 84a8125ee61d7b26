import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ManualClock } from '../../clock.ts'
import * as tasks from '../../queue/states/commands.fixture.ts'
import type { Reply } from '../../queue/states/commands.ts'
import type { QueueStore } from '../../queue/store/store.ts'
import type { BodyKey, WorkflowEvent, WorkflowHead } from '../workflow.ts'
import {
  type AdoptedPage,
  type KeptBody,
  MAX_REQUESTS,
  type StoreHint,
  type WorkflowFilter,
  type WorkflowStore,
} from './store.ts'
import { AT, appendTo, eventsBehind, headOf, newWorkflow } from './workflow.fixture.ts'

export interface WorkflowStoreUnderTest {
  store: WorkflowStore
  /** The tasks beside it, whose submits its fences guard. */
  tasks: QueueStore
  /** By which engines live. */
  clock: ManualClock
  /** Frees what the test's store used. */
  dispose(): Promise<void>
}

/** What every driver of WorkflowStore holds. Call it in the driver's test file. */
export function workflowStoreCompliance(name: string, open: () => Promise<WorkflowStoreUnderTest>): void {
  describe(`${name} as a WorkflowStore`, () => {
    let under: WorkflowStoreUnderTest
    let store: WorkflowStore

    beforeEach(async () => {
      under = await open()
      store = under.store
    })
    afterEach(() => under.dispose())

    const engine = (engine_id: string, draining = false) => ({
      engine_id,
      node: `node-${engine_id}`,
      draining,
    })
    const ids = (heads: readonly WorkflowHead[]) => heads.map(({ workflow_id }) => workflow_id)
    const claim = (workflow_id: string, fence: number, owner?: string) =>
      store.claim([{ workflow_id, fence, owner }]).then(([head]) => head)
    const refusal = (reply: Reply | undefined) => (reply?.changed === false ? reply.refusal : undefined)

    describe('a new workflow', () => {
      it('is kept with all that was given', async () => {
        const given = newWorkflow('w1', {
          owner: 'e1',
          version: '1.0',
          labels: { a: 'b', 'ü "\\': '' },
          metadata: { x: [1, null] },
          parent: { workflow_id: 'w0', step: 's', item: 3, generation: 2 },
          root_id: 'w0',
          depth: 1,
          idempotency_key: 'k',
          request_cid: 'cid',
          moved_from: 'peer',
        })
        const bodies: KeptBody[] = [
          { key: { of: 'definition' }, body: '{"a":1}' },
          { key: { of: 'input', generation: 1 }, body: { blob: 'cid-1', size: 5_000_000 } },
        ]
        expect(await store.create([{ ...given, bodies }])).toEqual([{ created: true }])
        expect(await store.head('w1')).toEqual(given.head)
        expect(await store.events('w1', 0, 10)).toEqual({ events: given.events, last: 1 })
        expect(
          await store.bodies(
            'w1',
            bodies.map(({ key }) => key),
          ),
        ).toEqual(bodies.map(({ body }) => body))
      })

      it('is refused where its id or the key of its principal is taken, as a duplicate by an equal request', async () => {
        const keyed = { idempotency_key: 'k', request_cid: 'cid' }
        const first = newWorkflow('w1', keyed)
        const replies = await store.create([
          first,
          newWorkflow('w2', keyed),
          newWorkflow('w3', { ...keyed, request_cid: 'other' }),
          newWorkflow('w4', { ...keyed, principal: 'bob' }),
          newWorkflow('w1', keyed),
          newWorkflow('w1'),
        ])
        const { head } = first
        expect(replies).toEqual([
          { created: true },
          { created: false, refusal: 'duplicate', head },
          { created: false, refusal: 'conflict', head },
          { created: true },
          { created: false, refusal: 'duplicate', head },
          { created: false, refusal: 'conflict', head },
        ])
        expect(await store.head('w2')).toBeUndefined()
        expect(await store.events('w1', 0, 10)).toMatchObject({ last: 1 })
      })

      it('that is not there gives nothing', async () => {
        expect(await store.head('no')).toBeUndefined()
        expect(await store.events('no', 0, 10)).toEqual({ events: [], last: 0 })
        expect(await store.bodies('no', [{ of: 'result' }])).toEqual([undefined])
        expect(await store.itemOutputs('no', { step: 's', generation: 1 }, 0, 2)).toEqual([
          undefined,
          undefined,
        ])
        expect(await store.requests('no')).toEqual([])
      })
    })

    describe('an append', () => {
      it('brings events, bodies and the head as one', async () => {
        const { head } = newWorkflow('w1', { owner: 'e1' })
        await store.create([newWorkflow('w1', { owner: 'e1' })])
        const more = eventsBehind(1, 3)
        const bodies: KeptBody[] = [{ key: { of: 'signal', signal: 's', n: 0 }, body: '1' }]
        const changed = {
          state: 'waiting' as const,
          changed_at: AT + 9,
          generation: 2,
          steps: { ...head.steps, waiting: 1, pending: 1 },
          failed_steps: 1,
          error: { code: 'timed_out' as const, message: 'late', retryable: true },
          handover: { to: 'peer', transfer: 't' },
        }
        expect(await store.append([appendTo(head, changed, { events: more, bodies })])).toEqual([
          { done: true },
        ])
        expect(await store.head('w1')).toEqual({ ...head, ...changed, seq: 4 })
        expect((await store.events('w1', 1, 10)).events).toEqual(more)
        expect(await store.bodies('w1', [must(bodies[0]).key])).toEqual(['1'])
      })

      it('with an older fence, of nobody’s workflow or with a gap changes nothing and stops no other', async () => {
        const [one, two, three] = ['w1', 'w2', 'w3'].map(id => newWorkflow(id, { owner: 'e1' }))
        await store.create([must(one), must(two), must(three)])
        await claim('w1', 1, 'e2')
        const gap = eventsBehind(1, 3).filter(({ seq }) => seq !== 3)
        const bodies: KeptBody[] = [{ key: { of: 'result' }, body: '1' }]
        const replies = await store.append([
          appendTo(must(one).head, {}, { bodies }),
          appendTo(headOf('w9')),
          appendTo(must(two).head, {}, { events: eventsBehind(2, 1), bodies }),
          appendTo(must(two).head, {}, { events: gap, bodies }),
          appendTo(must(three).head),
        ])
        expect(replies).toEqual([
          { done: false, refusal: 'stale_fence' },
          { done: false, refusal: 'not_found' },
          { done: false, refusal: 'conflict' },
          { done: false, refusal: 'conflict' },
          { done: true },
        ])
        expect(await store.head('w1')).toEqual({ ...must(one).head, owner: 'e2', fence: 2 })
        expect(await store.bodies('w1', [{ of: 'result' }])).toEqual([undefined])
        expect(await store.head('w2')).toEqual(must(two).head)
        expect(await store.bodies('w2', [{ of: 'result' }])).toEqual([undefined])
        expect(await store.head('w3')).toMatchObject({ seq: 2 })
      })

      it('goes on from what the one before it left, also within one call', async () => {
        const { head } = newWorkflow('w1', { owner: 'e1' })
        await store.create([newWorkflow('w1', { owner: 'e1' })])
        const second = { ...head, seq: 2 }
        const late = appendTo(second, {}, { events: [] })
        expect(await store.append([appendTo(head), appendTo(second), appendTo(second), late])).toEqual([
          { done: true },
          { done: true },
          { done: false, refusal: 'conflict' },
          { done: false, refusal: 'conflict' },
        ])
        expect((await store.events('w1', 0, 10)).events.map(({ seq }) => seq)).toEqual([1, 2, 3])
      })

      it('that ends it closes it, and one that opens it again makes it open', async () => {
        await store.create([newWorkflow('w1', { owner: 'e1' })])
        const ended = headOf('w1', { owner: 'e1', state: 'failed', ended_at: AT + 5, seq: 2 })
        await store.append([appendTo(headOf('w1', { owner: 'e1' }), { state: 'failed', ended_at: AT + 5 })])
        expect(await store.head('w1')).toEqual(ended)
        expect(await store.owned('e1', undefined, 10)).toEqual([])
        expect(await store.counts()).toMatchObject({ running: 0, failed: 1 })
        const { ended_at: _, ...open } = ended
        await store.append([{ ...appendTo(ended), head: { ...open, state: 'running', seq: 3 } }])
        expect(ids(await store.owned('e1', undefined, 10))).toEqual(['w1'])
        expect(await store.head('w1')).not.toHaveProperty('ended_at')
        expect(await store.counts()).toMatchObject({ running: 1, failed: 0 })
      })
    })

    describe('events', () => {
      it('come in pages, in order, whatever the appends were', async () => {
        let { head } = newWorkflow('w1', { owner: 'e1' })
        await store.create([newWorkflow('w1', { owner: 'e1' }), newWorkflow('w2')])
        const all: WorkflowEvent[] = [...newWorkflow('w1').events]
        for (const count of [1, 7, 2, 40, 3]) {
          const events = eventsBehind(head.seq, count)
          await store.append([appendTo(head, {}, { events })])
          head = { ...head, seq: head.seq + count }
          all.push(...events)
        }
        for (const limit of [1, 4, 100]) {
          const read: WorkflowEvent[] = []
          for (;;) {
            const { events, last } = await store.events('w1', read.length, limit)
            expect(last).toBe(all.length)
            expect(events.length).toBeLessThanOrEqual(limit)
            if (events.length === 0) break
            read.push(...events)
          }
          expect(read).toEqual(all)
        }
        expect(await store.events('w1', 1_000, 5)).toEqual({ events: [], last: all.length })
        expect(await store.events('w2', 0, 5)).toMatchObject({ last: 1 })
      })
    })

    describe('bodies', () => {
      it('are kept by what they are of, and replaced', async () => {
        const { head } = newWorkflow('w1', { owner: 'e1' })
        await store.create([newWorkflow('w1', { owner: 'e1' }), newWorkflow('w2', { owner: 'e1' })])
        const keys: BodyKey[] = [
          { of: 'result' },
          { of: 'input', generation: 1 },
          { of: 'input', generation: 2 },
          { of: 'output', step: 'a', generation: 1 },
          { of: 'output', step: 'a', generation: 2 },
          { of: 'output', step: 'a', generation: 1, item: 0 },
          { of: 'output', step: 'a', generation: 1, item: 10 },
          { of: 'output', step: 'b', generation: 1, item: 0 },
          { of: 'items', step: 'a', generation: 1 },
          { of: 'signal', signal: 'a', n: 0 },
          { of: 'signal', signal: 'a', n: 1 },
        ]
        const bodies = keys.map((key, n) => ({
          key,
          body: n % 3 === 0 ? { blob: `c${n}`, size: n } : `${n}`,
        }))
        await store.append([appendTo(head, {}, { bodies })])
        expect(await store.bodies('w1', keys)).toEqual(bodies.map(({ body }) => body))
        expect(await store.bodies('w2', keys)).toEqual(keys.map(() => undefined))
        await store.append([
          appendTo(
            { ...head, seq: 2 },
            {},
            {
              bodies: [
                { key: must(keys[0]), body: '"new"' },
                { key: must(keys[1]), body: { blob: 'x', size: 1 } },
              ],
            },
          ),
        ])
        expect(await store.bodies('w1', [must(keys[1]), must(keys[0])])).toEqual([
          { blob: 'x', size: 1 },
          '"new"',
        ])
        const whole: KeptBody[] = []
        for await (const page of store.allBodies('w1')) whole.push(...page)
        const byKey = (a: KeptBody, b: KeptBody) => (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1)
        const expected: KeptBody[] = [
          { key: { of: 'definition' }, body: '{"of":"w1"}' },
          { key: must(keys[0]), body: '"new"' },
          { key: must(keys[1]), body: { blob: 'x', size: 1 } },
          ...bodies.slice(2),
        ]
        expect(whole.sort(byKey)).toEqual(expected.sort(byKey))
      })

      it('that are large are read whole, however many', async () => {
        const { head } = newWorkflow('w1', { owner: 'e1' })
        await store.create([newWorkflow('w1', { owner: 'e1' })])
        const text = JSON.stringify('x'.repeat(1_000_000))
        const keys = Array.from(
          { length: 20 },
          (_, item): BodyKey => ({ of: 'output', step: 'a', generation: 1, item }),
        )
        await store.append([appendTo(head, {}, { bodies: keys.map(key => ({ key, body: text })) })])
        const read = [
          await store.bodies('w1', keys),
          await store.itemOutputs('w1', { step: 'a', generation: 1 }, 0, 20),
        ]
        for (const bodies of read) expect(bodies.map(body => body === text)).toEqual(keys.map(() => true))
        let pages = 0
        for await (const page of store.allBodies('w1')) pages += page.length
        expect(pages).toBe(21)
      })
    })

    it('outputs of 100,000 items are written and read in ranges', async () => {
      let { head } = newWorkflow('w1', { owner: 'e1' })
      await store.create([newWorkflow('w1', { owner: 'e1' })])
      const step = { step: 'a', generation: 1 }
      const count = 100_000
      for (let from = 0; from < count; from += 1_000) {
        const items = Array.from({ length: 1_000 }, (_, n) => from + n).filter(item => item % 7 !== 0)
        const bodies = items.map(item => ({ key: { of: 'output', ...step, item } as const, body: `${item}` }))
        const events = items.map((item, n): WorkflowEvent => {
          return { seq: head.seq + 1 + n, at: AT, kind: 'item_ended', ...step, item, state: 'succeeded' }
        })
        expect(await store.append([appendTo(head, {}, { events, bodies })])).toEqual([{ done: true }])
        head = { ...head, seq: head.seq + items.length }
      }
      const read: (string | undefined)[] = []
      for (let from = 0; from < count; from += 10_000) {
        for (const body of await store.itemOutputs('w1', step, from, 10_000)) {
          read.push(typeof body === 'string' ? body : undefined)
        }
      }
      expect(read.every((body, item) => body === (item % 7 === 0 ? undefined : `${item}`))).toBe(true)
      expect(await store.itemOutputs('w1', step, count - 2, 4)).toEqual([
        `${count - 2}`,
        `${count - 1}`,
        undefined,
        undefined,
      ])
      let seq = 0
      for (;;) {
        const { events } = await store.events('w1', seq, 10_000)
        if (events.length === 0) break
        expect(must(events[0]).seq).toBe(seq + 1)
        seq = must(events.at(-1)).seq
      }
      expect(seq).toBe(head.seq)
    }, 60_000)

    describe('ownership', () => {
      it('changes by compare and set, and each change raises the fence', async () => {
        await store.create([newWorkflow('w1', { owner: 'e1' })])
        expect(await claim('w1', 1, 'e2')).toEqual(headOf('w1', { owner: 'e2', fence: 2 }))
        expect(await claim('w1', 1, 'e3')).toBeUndefined()
        expect(await claim('w1', 2)).toEqual(headOf('w1', { fence: 3 }))
        expect(await claim('no', 1, 'e3')).toBeUndefined()
        const both = await store.claim([
          { workflow_id: 'w1', fence: 3, owner: 'e4' },
          { workflow_id: 'w1', fence: 3, owner: 'e5' },
        ])
        expect(both.map(head => head?.owner)).toEqual(['e4', undefined])
        expect(await store.head('w1')).toEqual(headOf('w1', { owner: 'e4', fence: 4 }))
      })

      it('of one that ended may change, but not of one that was handed over', async () => {
        await store.create([newWorkflow('w1', { owner: 'e1' }), newWorkflow('w2', { owner: 'e1' })])
        await store.append([
          appendTo(headOf('w1', { owner: 'e1' }), { state: 'succeeded', ended_at: AT }),
          appendTo(headOf('w2', { owner: 'e1' }), { moved_to: 'peer', ended_at: AT }),
        ])
        expect(await claim('w1', 1, 'e2')).toMatchObject({ owner: 'e2', fence: 2, state: 'succeeded' })
        expect(await claim('w2', 1, 'e2')).toBeUndefined()
        expect(await store.counts()).toEqual({
          running: 0,
          waiting: 0,
          succeeded: 1,
          failed: 0,
          cancelled: 0,
        })
      })

      it('guards the submits of tasks', async () => {
        await store.create([newWorkflow('w1', { owner: 'e1' })])
        const submit = (task: string, fence: number, key = task, workflow_id = 'w1') => {
          const head = tasks.headOf(task, { idempotency_key: key, request_cid: key })
          return { ...tasks.submit(head), guard: { workflow_id, fence } }
        }
        const apply = (...commands: ReturnType<typeof submit>[]) => under.tasks.apply(commands)
        expect(refusal((await apply(submit('t1', 1)))[0])).toBeUndefined()
        await claim('w1', 1, 'e2')
        const replies = await apply(
          submit('t2', 1),
          submit('t1', 1),
          submit('t3', 2, 't1'),
          submit('t4', 2),
          submit('t5', 2, 't5', 'no'),
        )
        expect(replies.map(refusal)).toEqual([
          'stale_fence',
          'stale_fence',
          'duplicate',
          undefined,
          'stale_fence',
        ])
        expect(replies[2]).toMatchObject({ task_id: 't1', state: 'queued' })
        expect(await under.tasks.head('t2')).toBeUndefined()
        expect(await under.tasks.head('t4')).toMatchObject({ state: 'queued' })
      })

      it('finds what an engine owns, and what no living engine does, by id', async () => {
        await store.renew(engine('e1'), 1_000)
        await store.renew(engine('e2'), 3_000)
        const owners = ['e1', 'e2', undefined, 'gone', 'e1', 'e2'] as const
        await store.create(
          owners.map((owner, n) => newWorkflow(`w${n}`, owner === undefined ? {} : { owner })),
        )
        await store.append([appendTo(headOf('w4', { owner: 'e1' }), { state: 'succeeded', ended_at: AT })])
        expect(ids(await store.owned('e1', undefined, 10))).toEqual(['w0'])
        expect(ids(await store.owned('e2', 'w1', 10))).toEqual(['w5'])
        expect(ids(await store.orphans(undefined, 10))).toEqual(['w2', 'w3'])
        expect(ids(await store.orphans('w2', 10))).toEqual(['w3'])
        expect(ids(await store.orphans(undefined, 1))).toEqual(['w2'])
        await under.clock.advance(2_000)
        expect(ids(await store.orphans(undefined, 10))).toEqual(['w0', 'w2', 'w3'])
        await store.leave('e2')
        expect(ids(await store.orphans(undefined, 10))).toEqual(['w0', 'w1', 'w2', 'w3', 'w5'])
      })

      it('knows the engines: who lives, who drains; those that own nothing are forgotten in time', async () => {
        expect(await store.renew(engine('e1'), 1_000)).toEqual([{ ...engine('e1'), alive: true }])
        await store.renew(engine('e2', true), 1_000)
        await store.create([newWorkflow('w1', { owner: 'e1' })])
        await under.clock.advance(999)
        expect(await store.renew(engine('e3'), 1_000)).toEqual([
          { ...engine('e1'), alive: true },
          { ...engine('e2', true), alive: true },
          { ...engine('e3'), alive: true },
        ])
        await under.clock.advance(1)
        expect((await store.renew(engine('e3'), 1_000)).map(({ alive }) => alive)).toEqual([
          false,
          false,
          true,
        ])
        await under.clock.advance(10_000)
        const known = (await store.renew(engine('e3'), 1_000)).map(({ engine_id }) => engine_id)
        expect(known).toEqual(['e1', 'e3'])
      })
    })

    describe('a request', () => {
      it('waits, with its body, until it is carried out', async () => {
        await store.create([newWorkflow('w1', { owner: 'e1' }), newWorkflow('w2', { owner: 'e1' })])
        const signal = { kind: 'signal', by: 'bob', signal: 's' } as const
        const cancel = { kind: 'cancel', by: 'bob', reason: 'no need' } as const
        const first = await store.request('w1', signal, '{"yes":true}')
        const other = await store.request('w2', cancel)
        const second = await store.request('w1', cancel)
        const third = await store.request('w1', signal, { blob: 'c', size: 3 })
        expect(first < other && other < second && second < third).toBe(true)
        expect(await store.requests('w1')).toEqual([
          { id: first, request: signal, body: '{"yes":true}' },
          { id: second, request: cancel },
          { id: third, request: signal, body: { blob: 'c', size: 3 } },
        ])
        const done = appendTo(headOf('w1', { owner: 'e1' }), {}, { requests_done: [first, third, other] })
        await store.append([done])
        expect(await store.requests('w1')).toEqual([{ id: second, request: cancel }])
        expect(await store.requests('w2')).toEqual([{ id: other, request: cancel }])
        await store.append([{ ...done, fence: 0 }])
        expect(await store.request('w1', cancel)).toBeGreaterThan(third)
      })

      it('is refused where too many wait, but for a cancel', async () => {
        await store.create([newWorkflow('w1', { owner: 'e1' }), newWorkflow('w2', { owner: 'e1' })])
        const signal = { kind: 'signal', by: 'bob', signal: 's' } as const
        const most = MAX_REQUESTS - 10
        for (let at = 0; at < most; at++) await store.request('w1', signal)
        await expect(store.request('w1', signal)).rejects.toMatchObject({
          code: 'queue_full',
          retryable: true,
        })
        const cancel = { kind: 'cancel', by: 'bob', reason: '' } as const
        for (let at = most; at < MAX_REQUESTS; at++) await store.request('w1', cancel)
        await expect(store.request('w1', cancel)).rejects.toMatchObject({ code: 'queue_full' })
        expect(await store.request('w2', signal)).toBeGreaterThan(MAX_REQUESTS)
      })

      it('is refused where there is no such workflow, and where it leaves or has left', async () => {
        await store.create([newWorkflow('w1', { owner: 'e1' })])
        const cancel = { kind: 'cancel', by: 'bob', reason: '' } as const
        await expect(store.request('no', cancel)).rejects.toMatchObject({ code: 'not_found' })
        const head = headOf('w1', { owner: 'e1' })
        await store.append([appendTo(head, { handover: { to: 'peer', transfer: 't' } })])
        await expect(store.request('w1', cancel)).rejects.toMatchObject({ code: 'conflict', retryable: true })
        await store.append([appendTo({ ...head, seq: 2 }, { moved_to: 'peer', ended_at: AT })])
        await expect(store.request('w1', cancel)).rejects.toMatchObject({
          code: 'conflict',
          retryable: false,
        })
        expect(await store.requests('w1')).toEqual([])
      })
    })

    describe('a list', () => {
      const listed = async (filter: Partial<WorkflowFilter> = {}): Promise<string[]> => {
        const found: string[] = []
        let cursor: string | undefined
        do {
          const page = await store.list({
            order: 'oldest',
            limit: 2,
            ...filter,
            ...(cursor === undefined ? {} : { cursor }),
          })
          expect(page.workflows.length).toBeLessThanOrEqual(filter.limit ?? 2)
          found.push(...ids(page.workflows))
          cursor = page.next_cursor
        } while (cursor !== undefined)
        return found
      }

      beforeEach(async () => {
        const parent = { workflow_id: 'w1', step: 's', generation: 1 }
        await store.create([
          newWorkflow('w5', { labels: { a: '1', b: '2' } }),
          newWorkflow('w1', { principal: 'bob' }),
          newWorkflow('c1', { parent, root_id: 'w1', depth: 1 }),
          newWorkflow('w4', { name: 'other', labels: { a: '1' } }),
          newWorkflow('c2', { parent, root_id: 'w1', depth: 1 }),
          newWorkflow('w3', { state: 'waiting' }),
          newWorkflow('w2', { name: 'other', principal: 'bob' }),
        ])
        await store.append([
          appendTo(headOf('w2', { name: 'other', principal: 'bob' }), { state: 'failed', ended_at: AT }),
          appendTo(headOf('c1', { parent, root_id: 'w1', depth: 1 }), { state: 'succeeded', ended_at: AT }),
        ])
      })

      it('goes by the order in which they came, and has only the outermost', async () => {
        expect(await listed()).toEqual(['w5', 'w1', 'w4', 'w3', 'w2'])
        expect(await listed({ order: 'newest' })).toEqual(['w2', 'w3', 'w4', 'w1', 'w5'])
        expect(await listed({ limit: 100 })).toEqual(['w5', 'w1', 'w4', 'w3', 'w2'])
      })

      it('holds what fits', async () => {
        expect(await listed({ states: ['running'] })).toEqual(['w5', 'w1', 'w4'])
        expect(await listed({ states: ['waiting', 'failed'] })).toEqual(['w3', 'w2'])
        expect(await listed({ states: ['failed', 'running'], order: 'newest' })).toEqual([
          'w2',
          'w4',
          'w1',
          'w5',
        ])
        expect(await listed({ name: 'other' })).toEqual(['w4', 'w2'])
        expect(await listed({ principal: 'bob' })).toEqual(['w1', 'w2'])
        expect(await listed({ principal: 'bob', name: 'other', states: ['failed'] })).toEqual(['w2'])
        expect(await listed({ labels: { a: '1' } })).toEqual(['w5', 'w4'])
        expect(await listed({ labels: { a: '1', b: '2' } })).toEqual(['w5'])
        expect(await listed({ parent: 'w1' })).toEqual(['c1', 'c2'])
        expect(await listed({ parent: 'w1', states: ['succeeded'] })).toEqual(['c1'])
        expect(await listed({ parent: 'w2' })).toEqual([])
      })

      it('goes on where it was, whatever came or ended between its pages', async () => {
        const first = await store.list({ order: 'newest', limit: 2 })
        await store.create([newWorkflow('w9')])
        const rest = await store.list({ order: 'newest', limit: 10, cursor: must(first.next_cursor) })
        expect([...ids(first.workflows), ...ids(rest.workflows)]).toEqual(['w2', 'w3', 'w4', 'w1', 'w5'])
        await expect(store.list({ order: 'newest', limit: 2, cursor: 'no' })).rejects.toMatchObject({
          code: 'invalid_input',
          details: { field: '/cursor' },
        })
      })

      it('has counts beside it, children too', async () => {
        expect(await store.counts()).toEqual({
          running: 4,
          waiting: 1,
          succeeded: 1,
          failed: 1,
          cancelled: 0,
        })
      })
    })

    it('definitions are kept under a name and version, the latest made is the one that is meant', async () => {
      const definition = (name: string, version: string, cid = `${name}-${version}`) => ({
        name,
        version,
        definition: { name, steps: [{ id: 'a', cid }] },
        definition_cid: cid,
        principal: 'alice',
        created_at: AT,
      })
      const without = ({ definition: _, ...rest }: ReturnType<typeof definition>) => rest
      const [b2, a1, b1, b10] = [
        definition('b', '2'),
        definition('a', '1'),
        definition('b', '1'),
        definition('b', '10'),
      ]
      for (const each of [b2, a1, b1, b10]) expect(await store.putDefinition(each)).toBe(true)
      expect(await store.putDefinition(b1)).toBe(true)
      expect(await store.putDefinition(definition('b', '1', 'another'))).toBe(false)
      expect(await store.definition('b')).toEqual(b10)
      expect(await store.definition('b', '1')).toEqual(b1)
      expect(await store.definition('b', '3')).toBeUndefined()
      expect(await store.definition('c')).toBeUndefined()
      expect(await store.definitions({ limit: 10 })).toEqual([a1, b1, b10, b2].map(without))
      expect(await store.definitions({ limit: 2 })).toEqual([a1, b1].map(without))
      const after = { name: 'b', version: '1' }
      expect(await store.definitions({ limit: 10, after })).toEqual([b10, b2].map(without))
      expect(await store.definitions({ limit: 1, after, name: 'b' })).toEqual([b10].map(without))
      expect(await store.definitions({ limit: 10, name: 'a' })).toEqual([a1].map(without))
    })

    describe('a workflow of another store', () => {
      const head = headOf('w1', {
        owner: 'e1',
        fence: 7,
        seq: 5,
        moved_from: 'peer',
        idempotency_key: 'k',
        request_cid: 'c',
      })
      const pages = (): AdoptedPage[] => [
        { head, events: eventsBehind(0, 2) },
        { events: eventsBehind(2, 3), bodies: [{ key: { of: 'definition' }, body: '{}' }] },
        { bodies: [{ key: { of: 'output', step: 'a', generation: 1 }, body: { blob: 'big', size: 9 } }] },
        { requests: [{ request: { kind: 'signal', by: 'bob', signal: 's' }, body: '1' }] },
      ]
      const keys: BodyKey[] = [{ of: 'definition' }, { of: 'output', step: 'a', generation: 1 }]

      const expectWhole = async () => {
        expect(await store.head('w1')).toEqual(head)
        expect(await store.events('w1', 0, 10)).toEqual({ events: eventsBehind(0, 5), last: 5 })
        expect(await store.bodies('w1', keys)).toEqual(['{}', { blob: 'big', size: 9 }])
        expect(await store.requests('w1')).toMatchObject([{ request: { signal: 's' }, body: '1' }])
      }

      it('is taken whole, is seen only then, and goes on like any other', async () => {
        let seen: unknown[] = []
        await store.adopt(
          (async function* () {
            for (const page of pages()) {
              yield page
              seen = [...seen, await store.head('w1'), (await store.owned('e1', undefined, 10)).length]
              // Others are not held up.
              await store.create([newWorkflow(`other${seen.length}`)])
            }
          })(),
        )
        expect(new Set(seen)).toEqual(new Set([undefined, 0]))
        await expectWhole()
        expect(ids(await store.owned('e1', undefined, 10))).toEqual(['w1'])
        expect(await store.append([appendTo(head)])).toEqual([{ done: true }])
        const again = newWorkflow('w2', { idempotency_key: 'k', request_cid: 'c' })
        expect(await store.create([again])).toMatchObject([{ created: false, refusal: 'duplicate' }])
      })

      it('takes the place of what is here of it', async () => {
        await store.create([newWorkflow('w1', { idempotency_key: 'k', request_cid: 'c' })])
        await store.request('w1', { kind: 'cancel', by: 'bob', reason: '' })
        await store.append([
          appendTo(
            headOf('w1'),
            { moved_to: 'peer', ended_at: AT },
            { bodies: [{ key: { of: 'result' }, body: '1' }] },
          ),
        ])
        await store.adopt(from(pages()))
        await expectWhole()
        expect(await store.bodies('w1', [{ of: 'result' }])).toEqual([undefined])
        expect(await store.counts()).toMatchObject({ running: 1 })
        expect(ids((await store.list({ order: 'newest', limit: 10 })).workflows)).toEqual(['w1'])
      })

      it('whose key another one has here keeps it to itself', async () => {
        await store.create([newWorkflow('w0', { idempotency_key: 'k', request_cid: 'c' })])
        await store.adopt(from(pages()))
        await expectWhole()
        const again = newWorkflow('w2', { idempotency_key: 'k', request_cid: 'c' })
        expect(await store.create([again])).toMatchObject([{ created: false, head: { workflow_id: 'w0' } }])
      })

      it('whose pages end too early leaves everything as it was', async () => {
        await store.create([newWorkflow('w1')])
        const broken = (async function* () {
          yield* pages()
          throw new Error('the link is gone')
        })()
        await expect(store.adopt(broken)).rejects.toThrow('the link is gone')
        expect(await store.head('w1')).toEqual(headOf('w1'))
        expect(await store.bodies('w1', keys)).toEqual(['{"of":"w1"}', undefined])
        expect(await blobsOf(store)).toEqual([])
      })
    })

    describe('blobs', () => {
      const ended = { state: 'succeeded', ended_at: AT } as const
      const blob = (cid: string) => ({ blob: cid, size: 10 })

      it('are known, and told when nothing refers to them any more', async () => {
        await store.create(['w1', 'w2', 'w3'].map(id => newWorkflow(id)))
        const bodies = (...cids: string[]): KeptBody[] =>
          cids.map((cid, item) => ({
            key: { of: 'output', step: 'a', generation: 1, item },
            body: blob(cid),
          }))
        await store.request('w1', { kind: 'signal', by: 'bob', signal: 's' }, blob('of-request'))
        await store.append([
          appendTo(headOf('w1'), ended, { bodies: bodies('one', 'both') }),
          appendTo(headOf('w2'), { ...ended, ended_at: AT + 10 }, { bodies: bodies('both', 'two') }),
          appendTo(headOf('w3'), {}, { bodies: bodies('three') }),
        ])
        const all = ['both', 'of-request', 'one', 'three', 'two']
        expect(await blobsOf(store)).toEqual(all)
        expect(await store.referred(['one', 'none', 'of-request'])).toEqual(['one', 'of-request'])
        expect(await store.prune(AT, 10)).toEqual({ workflows: 0, blobs: [] })
        const { workflows, blobs } = await store.prune(AT + 1, 10)
        expect([workflows, blobs.sort()]).toEqual([1, ['of-request', 'one']])
        expect(await store.head('w1')).toBeUndefined()
        expect(await store.events('w1', 0, 1)).toEqual({ events: [], last: 0 })
        expect(await store.counts()).toMatchObject({ running: 1, succeeded: 1 })
        expect(await store.prune(AT + 100, 10)).toMatchObject({ workflows: 1 })
        expect(await store.prune(AT + 100, 10)).toEqual({ workflows: 0, blobs: [] })
        expect(await blobsOf(store)).toEqual(['three'])
      })

      it('of a body that was replaced are no more its', async () => {
        await store.create([newWorkflow('w1')])
        const key: BodyKey = { of: 'result' }
        await store.append([appendTo(headOf('w1'), {}, { bodies: [{ key, body: blob('old') }] })])
        await store.append([appendTo(headOf('w1', { seq: 2 }), {}, { bodies: [{ key, body: blob('new') }] })])
        expect(await store.referred(['old', 'new'])).toEqual(['new'])
      })

      it('are forgotten with the oldest first, at most so many workflows', async () => {
        const all = ['w1', 'w2', 'w3'].map((id, n) =>
          newWorkflow(id, {
            state: 'succeeded',
            ended_at: AT + 10 - n,
            idempotency_key: id,
            request_cid: id,
          }),
        )
        await store.create(all)
        expect(await store.prune(AT + 100, 2)).toMatchObject({ workflows: 2 })
        expect(ids((await store.list({ order: 'oldest', limit: 10 })).workflows)).toEqual(['w1'])
        expect(await store.create([must(all[2])])).toEqual([{ created: true }])
      })
    })

    it('tells those who watch what became known, after it did', async () => {
      const told: StoreHint[] = []
      const stop = store.watch(hint => told.push(hint))
      const next = async (...expected: StoreHint[]) => {
        for (let n = 0; n < 100 && told.length < expected.length; n++) await Promise.resolve()
        expect(told.splice(0)).toEqual(expected)
      }
      await store.create([newWorkflow('w1', { owner: 'e1' })])
      await next({ workflow_id: 'w1', what: 'assigned', owner: 'e1' })
      await store.create([newWorkflow('w1')])
      await store.request('w1', { kind: 'cancel', by: 'bob', reason: '' })
      await next({ workflow_id: 'w1', what: 'requested', owner: 'e1' })
      await claim('w1', 1, 'e2')
      await claim('w1', 1, 'e3')
      await next({ workflow_id: 'w1', what: 'assigned', owner: 'e2' })
      const head = headOf('w1', { owner: 'e2', fence: 2 })
      await store.append([appendTo(head), appendTo({ ...head, fence: 1 })])
      await next({ workflow_id: 'w1', what: 'changed', owner: 'e2' })
      await store.append([appendTo({ ...head, seq: 2 }, { state: 'succeeded', ended_at: AT })])
      await next({ workflow_id: 'w1', what: 'ended', owner: 'e2' })
      stop()
      await store.create([newWorkflow('w2')])
      await next()
    })
  })
}

/** What a test has made sure of. */
function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there')
  return value
}

async function* from(pages: readonly AdoptedPage[]): AsyncGenerator<AdoptedPage> {
  yield* pages
}

async function blobsOf(store: WorkflowStore): Promise<string[]> {
  const all: string[] = []
  for await (const page of store.blobs()) all.push(...page)
  return all.sort()
}
