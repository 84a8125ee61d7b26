import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import {
  type Body,
  type BodyKey,
  ENDED_WORKFLOW,
  type WorkflowHead,
  type WorkflowState,
} from '../workflow.ts'
import { MemoryWorkflowStore } from './memory-workflow-store.ts'
import type { AdoptedPage, Append, KeptBody, NewWorkflow, WorkflowFilter, WorkflowStore } from './store.ts'
import { AT, eventsBehind, headOf } from './workflow.fixture.ts'

/** A driver that can be made to fail and to be opened anew. */
export interface BreakableStore {
  readonly store: WorkflowStore
  /** The next change is not kept, and its call rejects. */
  failNext(): void
  /** Closes it and opens it again: `store` is another one then. */
  reopen(): void
  dispose(): void
}

const IDS = ['w1', 'w2', 'w3', 'w4']
const id = fc.constantFrom(...IDS)
const state = fc.constantFrom<WorkflowState>('running', 'waiting', 'succeeded', 'failed', 'cancelled')
const owner = fc.constantFrom('e1', 'e2', undefined)
const body: fc.Arbitrary<Body> = fc.oneof(
  fc.integer().map(String),
  fc.record({ blob: fc.constantFrom('c1', 'c2', 'c3'), size: fc.constant(7) }),
)
const KEYS: BodyKey[] = [
  { of: 'definition' },
  { of: 'result' },
  { of: 'input', generation: 2 },
  { of: 'output', step: 'a', generation: 1 },
  { of: 'output', step: 'a', generation: 1, item: 0 },
  { of: 'output', step: 'a', generation: 1, item: 3 },
  { of: 'items', step: 'a', generation: 1 },
  { of: 'signal', signal: 'a', n: 1 },
]
const bodies: fc.Arbitrary<KeptBody[]> = fc.array(fc.record({ key: fc.constantFrom(...KEYS), body }), {
  maxLength: 3,
})

const step = fc.oneof(
  fc.record({
    kind: fc.constant('create' as const),
    all: fc.array(
      fc.record({ id, owner, key: fc.constantFrom('k1', 'k2', undefined), same: fc.boolean(), bodies }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  }),
  fc.record({
    kind: fc.constant('append' as const),
    all: fc.array(
      fc.record({
        id,
        late: fc.constantFrom(0, 0, 0, 1),
        gap: fc.constantFrom(0, 0, 0, 1),
        count: fc.integer({ min: 0, max: 3 }),
        bodies,
        state,
        moved: fc.constantFrom(false, false, false, true),
        handover: fc.constantFrom(false, false, true),
        done: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  fc.record({
    kind: fc.constant('claim' as const),
    all: fc.array(fc.record({ id, owner, late: fc.constantFrom(0, 0, 1) }), { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('request' as const), id, body: fc.option(body, { nil: undefined }) }),
  fc.record({
    kind: fc.constant('adopt' as const),
    id,
    bodies,
    events: fc.integer({ min: 1, max: 4 }),
    breaks: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('prune' as const), max: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('fail' as const) }),
  fc.record({ kind: fc.constant('reopen' as const) }),
)
type Step = Exclude<
  typeof step extends fc.Arbitrary<infer T> ? T : never,
  { kind: 'fail' } | { kind: 'reopen' }
>

/** Something that is done to a store; what came of it, or the code of the error. */
type Operation = (store: WorkflowStore) => Promise<unknown>

/** Whatever is done, a driver gives what the plain one in memory does. Call it in the driver's test file. */
export function workflowStoreProperties(name: string, open: () => BreakableStore, runs: number): void {
  it(`${name} is as the plain store in memory, whatever is done to both`, { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
        const breakable = open()
        const model = new MemoryWorkflowStore({ clock: new ManualClock() })
        let fails = false
        for (const each of steps) {
          if (each.kind === 'reopen') breakable.reopen()
          else if (each.kind === 'fail') fails = true
          else {
            const operation = await operationOf(each, model)
            if (fails) {
              breakable.failNext()
              expect(await outcome(operation, breakable.store)).toBe('unavailable')
              fails = false
            }
            const [did, should] = [await outcome(operation, breakable.store), await outcome(operation, model)]
            expect(did).toEqual(should)
          }
          expect(await seen(breakable.store)).toEqual(await seen(model))
        }
        breakable.dispose()
      }),
      { numRuns: runs },
    )
  })
}

async function outcome(operation: Operation, store: WorkflowStore): Promise<unknown> {
  try {
    return await operation(store)
  } catch (error) {
    if (error instanceof ToolmeshError) return error.code
    throw error
  }
}

async function operationOf(each: Step, model: WorkflowStore): Promise<Operation> {
  switch (each.kind) {
    case 'create': {
      const workflows = each.all.map(newOne)
      return store => store.create(workflows)
    }
    case 'append': {
      const appends: Append[] = []
      for (const one of each.all) appends.push(await appendOf(one, model))
      return store => store.append(appends)
    }
    case 'claim': {
      const heads = await Promise.all(each.all.map(({ id }) => model.head(id)))
      const claims = each.all.map(({ id, owner, late }, at) => {
        return { workflow_id: id, owner, fence: (heads[at]?.fence ?? 1) - late }
      })
      return store => store.claim(claims)
    }
    case 'request': {
      const { id, body } = each
      return async store => {
        await store.request(id, { kind: 'signal', by: 'bob', signal: 's' }, body)
      }
    }
    case 'adopt':
      return store => store.adopt(pagesOf(each))
    case 'prune':
      return async store => {
        const { workflows, blobs } = await store.prune(AT + 1_000, each.max)
        return { workflows, blobs: blobs.sort() }
      }
  }
}

type Of<K extends Step['kind']> = Extract<Step, { kind: K }>

function newOne({ id, owner, key, same, bodies }: Of<'create'>['all'][number]): NewWorkflow {
  const keyed = key === undefined ? {} : { idempotency_key: key, request_cid: same ? 'same' : id }
  const head = headOf(id, { ...keyed, ...(owner === undefined ? {} : { owner }) })
  return { head, events: [{ kind: 'submitted', seq: 1, at: AT, by: 'alice' }], bodies }
}

async function appendOf(one: Of<'append'>['all'][number], model: WorkflowStore): Promise<Append> {
  const { id, late, gap, count, bodies, state, moved, handover, done } = one
  const before = (await model.head(id)) ?? headOf(id)
  const events = eventsBehind(before.seq + gap, count)
  const { ended_at: _ended, moved_to: _moved, handover: _on, ...rest } = before
  const isOver = ENDED_WORKFLOW.has(state) || moved
  const head: WorkflowHead = {
    ...rest,
    state,
    seq: before.seq + count,
    ...(isOver ? { ended_at: AT + before.seq } : {}),
    ...(moved ? { moved_to: 'peer' } : {}),
    ...(handover ? { handover: { to: 'peer', transfer: 't' } } : {}),
  }
  const requests = done ? (await model.requests(id)).slice(0, 2) : []
  return {
    workflow_id: id,
    fence: before.fence - late,
    events,
    bodies,
    head,
    requests_done: requests.map(each => each.id),
  }
}

async function* pagesOf({ id, bodies, events, breaks }: Of<'adopt'>): AsyncGenerator<AdoptedPage> {
  const head = headOf(id, {
    seq: events,
    fence: 9,
    moved_from: 'peer',
    idempotency_key: 'k1',
    request_cid: 'same',
  })
  yield { head, events: eventsBehind(0, 1) }
  yield { events: eventsBehind(1, events - 1), bodies }
  if (breaks) throw new ToolmeshError('expired', 'the link is gone')
  yield { requests: [{ request: { kind: 'cancel', by: 'bob', reason: '' }, body: { blob: 'c4', size: 1 } }] }
}

/** All that can be read of a store, but for ids of requests that were given back. */
async function seen(store: WorkflowStore): Promise<unknown> {
  const each = await Promise.all(
    IDS.map(async id => {
      const items = await store.itemOutputs(id, { step: 'a', generation: 1 }, 0, 5)
      const all: KeptBody[] = []
      for await (const page of store.allBodies(id)) all.push(...page)
      const whole = all.map(kept => JSON.stringify(kept)).sort()
      const requests = await store.requests(id)
      const read = [await store.head(id), await store.events(id, 0, 1_000), await store.bodies(id, KEYS)]
      return [...read, items, whole, requests.map(({ request, body }) => ({ request, body }))]
    }),
  )
  const filters: WorkflowFilter[] = [
    { order: 'newest', limit: 10 },
    { order: 'oldest', limit: 2 },
    { order: 'oldest', limit: 10, states: ['waiting', 'failed'] },
    { order: 'newest', limit: 10, name: 'flow', principal: 'alice', states: ['running'] },
  ]
  const ids = async (filter: WorkflowFilter) =>
    (await store.list(filter)).workflows.map(({ workflow_id }) => workflow_id)
  const blobs: string[] = []
  for await (const page of store.blobs()) blobs.push(...page)
  return {
    each,
    lists: await Promise.all(filters.map(ids)),
    counts: await store.counts(),
    owned: await store.owned('e1', undefined, 10),
    orphans: await store.orphans('w1', 10),
    blobs: [...new Set(blobs)].sort(),
    referred: await store.referred(['c1', 'c3', 'c4', 'none']),
  }
}
