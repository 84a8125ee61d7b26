import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AT, headOf, submit } from '../states/commands.fixture.ts'
import type { Command, Reply, ReportedOutcome } from '../states/commands.ts'
import { parseLane } from '../states/lane.ts'
import { TASK_STATES, type TaskEvent } from '../task.ts'
import { hasEnded, isInLane, type ModelTask, nextTime, QueueModel } from './queue-model.fixture.ts'
import type { QueueStore, TaskFilter } from './store.ts'

export interface CrashableStore {
  store: QueueStore
  /**
   * Ends the store as its process would be killed, while its last `apply` was being written (`torn`: how far, 0 to 1)
   * or behind it (1), and opens it anew. Tells whether that last `apply` is kept. Absent: nothing outlives it.
   */
  crash?: (torn: number) => Promise<{ store: QueueStore; kept: boolean }>
  dispose(): Promise<void>
}

type Step = { commands: Command[] } | { look: TaskFilter } | { crash: number }

/** Few, so that one task goes through much. */
const id = fc.constantFrom('t1', 't1', 't1', 't2', 't2', 't3', 't4', 't5')
/** How many leases ago: mostly the latest. */
const fence = fc.constantFrom(0, 0, 0, 0, 0, 1, -1)
const at = fc.integer({ min: 0, max: 60 }).map(ms => AT + ms)
/** Mostly a time at which nothing is over and everything has come. */
const later = fc.integer({ min: 50, max: 150 }).map(ms => AT + ms)
const limit = fc.integer({ min: 40, max: 300 }).map(ms => AT + ms)
const roll = fc.constantFrom(0, 0.5, 0.999)
const who = fc.record({
  peer_id: fc.constantFrom('p1', 'p1', 'p1', 'p1', 'p1', 'p1', 'p1', 'p2'),
  instance_id: fc.constantFrom('i1', 'i1', 'i1', 'i1', 'i1', 'i1', 'i1', 'i2'),
})
const error = (code: 'tool_failed' | 'unavailable' | 'cancelled', retryable: boolean) => {
  // An outcome is known by its code and message.
  return { code, message: `${code}, ${retryable ? 'for now' : 'for good'}`, retryable }
}
const outcome = fc.constantFrom<ReportedOutcome>(
  { state: 'succeeded', result: '1' },
  { state: 'succeeded', result: '{"b":1,"a":[2]}' },
  { state: 'failed', error: error('tool_failed', true) },
  { state: 'failed', error: error('tool_failed', true) },
  { state: 'failed', error: error('tool_failed', true) },
  { state: 'failed', error: error('tool_failed', true) },
  { state: 'failed', error: error('tool_failed', false) },
  { state: 'failed', error: error('unavailable', true) },
  { state: 'cancelled', error: error('cancelled', true) },
)
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })
const asked = fc.record(
  {
    tool: fc.constantFrom('work', 'other'),
    principal: fc.constantFrom('alice', 'bob'),
    priority: fc.constantFrom(5, 9),
    repeat: fc.constantFrom('pure' as const, 'once' as const),
    run_at: at,
    deadline: limit,
    queue_timeout_ms: fc.integer({ min: 1, max: 100 }),
    labels: fc.constantFrom({ a: '1' }, { a: '1', b: '2' }),
    concurrency: fc.constant({ key: 'k', limit: 1 }),
    idempotency_key: fc.constantFrom('k1', 'k2'),
    request_cid: fc.constantFrom('c1', 'c2'),
    created_at: at,
  },
  { requiredKeys: [] },
)
const retryPolicy = fc.record({
  max_attempts: fc.integer({ min: 1, max: 4 }),
  base_delay_ms: fc.constantFrom(0, 10),
  max_delay_ms: fc.constant(30),
  always: fc.boolean(),
})
const changes = fc.record(
  {
    priority: fc.constantFrom(1, 5),
    labels: fc.constantFrom({}, { a: '2' }),
    queue_timeout_ms: fc.constantFrom(null, 20),
    deadline: fc.oneof(fc.constant(null), limit),
    run_at: at,
  },
  { requiredKeys: [] },
)
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(id, asked, optional(retryPolicy), at).map(([task_id, more, retry, at]): Command => {
      const task = headOf(task_id, { ...more, ...(retry === undefined ? {} : { retry }) })
      return { ...submit(task), at }
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ kind: fc.constant('lease' as const), task_id: id, at: later })
      .chain(each => who.map(by => ({ ...each, ...by }))),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(id, later, roll, fence, who, outcome)
      .map(([task_id, at, roll, fence, by, outcome]): Command => {
        return { kind: 'settle', task_id, at, roll, fence, ...by, outcome }
      }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      task_id: id,
      at: later,
      roll,
      fence,
      cause: fc.constantFrom('lost' as const, 'timed_out' as const, 'given_back' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('cancel' as const),
      task_id: id,
      at,
      reason: fc.constant('no'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('due' as const), task_id: id, at: later }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('update' as const), task_id: id, at, changes }) },
)
const look: fc.Arbitrary<TaskFilter> = fc
  .tuple(
    fc.record(
      {
        states: fc.uniqueArray(fc.constantFrom(...TASK_STATES), { maxLength: 3 }),
        tool: fc.constantFrom('work', 'other'),
        principal: fc.constantFrom('alice', 'bob'),
        labels: fc.constantFrom({ a: '1' }, { a: '1', b: '2' }),
        created_from: at,
        created_until: at,
        sort: fc.constantFrom('created' as const, 'ended' as const),
      },
      { requiredKeys: [] },
    ),
    fc.constantFrom('newest' as const, 'oldest' as const),
  )
  .map(([filter, order]) => ({ ...filter, order, limit: 3 }))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.array(command, { maxLength: 12 }).map(commands => ({ commands })) },
  { weight: 2, arbitrary: look.map(look => ({ look })) },
  {
    weight: 1,
    arbitrary: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })).map(crash => ({ crash })),
  },
)

/** Any sequence of commands, times and crashes, held against a plain model. Call it in the driver's test file. */
export function queueStoreProperties(
  name: string,
  open: () => Promise<CrashableStore>,
  numRuns: number,
): void {
  describe(`${name} under any sequence of commands and crashes`, () => {
    it('does what the plain model does, and shows it in every index', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
          const opened = await open()
          let { store } = opened
          let model = new QueueModel()
          let before = model.copy()
          try {
            for (const each of steps) {
              if ('commands' in each) {
                before = model.copy()
                const checks = each.commands.map(command => expectationOf(model, command))
                const replies = await store.apply(checks.map(({ command }) => command))
                for (const [index, { check }] of checks.entries()) check(replies[index])
              } else if ('look' in each) {
                await checkList(store, model, each.look)
              } else if (opened.crash !== undefined) {
                const { store: again, kept } = await opened.crash(each.crash)
                store = again
                if (!kept) model = before
                before = model.copy()
              }
              await checkIndexes(store, model)
            }
          } finally {
            await opened.dispose()
          }
        }),
        { numRuns },
      )
    }, 300_000)
  })
}

/** The command as it is sent, with the fence that is meant, and what the model says of its reply. */
function expectationOf(
  model: QueueModel,
  sent: Command,
): { command: Command; check: (reply: Reply | undefined) => void } {
  const was = model.tasks.get(sent.task_id)
  const command = 'fence' in sent ? { ...sent, fence: (was?.fence ?? 0) - sent.fence } : sent
  const left = was === undefined ? undefined : laneOf(was)
  const [fenceBefore, hadEnded] = [was?.fence ?? 0, was !== undefined && hasEnded(was)]
  const expected = model.apply(command)
  if ('refusal' in expected) {
    const { refusal } = expected
    return { command, check: reply => expect(reply).toMatchObject({ changed: false, refusal }) }
  }
  const { id, state, fence, seq, order } = expected.task
  const lane = laneOf(expected.task)
  const due_at = nextTime(expected.task)
  expect([hadEnded, fence >= fenceBefore]).toEqual([false, true])
  const check = (reply: Reply | undefined) => {
    if (!reply?.changed) throw new Error(`${command.kind}: ${reply?.refusal}, expected ${state}`)
    const { lane: waitsIn, left: waitedIn, ...rest } = reply
    expect(rest).toMatchObject({ task_id: id, state, fence, seq, order })
    expect([waitsIn && nameOf(waitsIn), waitedIn && nameOf(waitedIn), rest.due_at]).toEqual([
      left === lane ? undefined : lane,
      left === lane ? undefined : left,
      due_at,
    ])
  }
  return { command, check }
}

async function checkIndexes(store: QueueStore, model: QueueModel): Promise<void> {
  const tasks = [...model.tasks.values()]
  for (const task of tasks) {
    const head = await store.head(task.id)
    expect(head).toMatchObject({
      state: task.state,
      fence: task.fence,
      seq: task.seq,
      priority: task.asked.priority,
    })
    expect(head?.ended_at).toBe(task.endedAt)
  }
  const counts = Object.fromEntries(
    TASK_STATES.map(state => [state, tasks.filter(task => task.state === state).length]),
  )
  expect(await store.counts()).toEqual(counts)

  const lanes = await store.lanes()
  const waiting = tasks.filter(isInLane)
  expect(lanes.reduce((sum, lane) => sum + lane.waiting, 0)).toBe(waiting.length)
  for (const { lane, waiting: many } of lanes) {
    const found = await store.waiting(lane, 0, 100)
    const alike = waiting.filter(task => laneOf(task) === nameOf(lane))
    expect(found).toEqual(
      alike.map(task => ({ task_id: task.id, order: task.order, queued_at: task.waitsSince })),
    )
    expect(many).toBe(found.length)
  }

  const due = tasks
    .flatMap(task => {
      const time = nextTime(task)
      return time === undefined ? [] : [{ task_id: task.id, due_at: time, order: task.order }]
    })
    .sort((a, b) => a.due_at - b.due_at || a.order - b.order)
  expect(await store.due(undefined, 100)).toEqual(due)
  if (due[1] !== undefined) expect(await store.due(due[1], 2)).toEqual(due.slice(2, 4))

  const running: string[] = []
  for await (const page of store.running()) running.push(...page.map(head => head.task_id))
  expect(running).toEqual(tasks.filter(task => task.state === 'running').map(task => task.id))
  await checkEvents(store, model)
}

/** Every change once, in order, and the last of each task is its state; an outcome is committed once at most. */
async function checkEvents(store: QueueStore, model: QueueModel): Promise<void> {
  const { events, last } = await store.events(0, 10_000)
  expect(last).toBe(model.seq)
  expect(events.map(event => event.seq)).toEqual(events.map((_, index) => index + 1))
  expect(events).toHaveLength(model.seq)
  const latest = new Map<string, TaskEvent>()
  for (const event of events) {
    const earlier = latest.get(event.task_id)
    expect(['succeeded', 'failed', 'cancelled', 'expired']).not.toContain(earlier?.state)
    latest.set(event.task_id, event)
  }
  for (const task of model.tasks.values()) {
    expect(latest.get(task.id)).toMatchObject({ state: task.state, fence: task.fence, seq: task.seq })
  }
}

async function checkList(store: QueueStore, model: QueueModel, filter: TaskFilter): Promise<void> {
  const { states, tool, principal, labels = {}, created_from = 0, created_until = Infinity, sort } = filter
  const sign = filter.order === 'newest' ? -1 : 1
  const place = (task: ModelTask) => (sort === 'ended' ? (task.endedAt ?? 0) : 0)
  const wanted = [...model.tasks.values()]
    .filter(({ state }) => states === undefined || states.includes(state))
    .filter(({ asked }) => (tool ?? asked.tool) === asked.tool)
    .filter(({ asked }) => (principal ?? asked.principal) === asked.principal)
    .filter(({ asked }) => Object.entries(labels).every(([name, value]) => asked.labels[name] === value))
    .filter(({ asked }) => asked.created_at >= created_from && asked.created_at < created_until)
    .filter(task => sort !== 'ended' || task.endedAt !== undefined)
    .sort((a, b) => sign * (place(a) - place(b) || a.order - b.order))
  const found: string[] = []
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await store.list({ ...filter, ...(cursor === undefined ? {} : { cursor }) })
    found.push(...page.tasks.map(task => task.task_id))
    cursor = page.next_cursor
  }
  expect(found).toEqual(wanted.map(task => task.id))
}

function laneOf(task: ModelTask): string | undefined {
  const { priority, tool, principal, concurrency } = task.asked
  return isInLane(task) ? [priority, tool, principal, concurrency?.key].join() : undefined
}

function nameOf(lane: string): string {
  const { priority, needs, principal, concurrency } = parseLane(lane)
  return [priority, needs.tool, principal, concurrency?.key].join()
}
