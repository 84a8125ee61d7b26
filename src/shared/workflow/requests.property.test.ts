import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { WorkflowDefinition } from './definition/definition.ts'
import type { TestOutcome, TestTask } from './engine/test-tasks.fixture.ts'
import { newWorld, type World, workflowsOf } from './engine/workflows.fixture.ts'
import { Process } from './ownership/process.fixture.ts'
import { History } from './reading/history.ts'
import type { Workflows } from './workflows.ts'

const task = { tool: 'work', params: {} }
const child = (wait: number): WorkflowDefinition => ({
  name: 'child',
  steps: [
    { id: 'x', ...task },
    { id: 'y', wait: { ms: wait }, depends_on: ['x'] },
  ],
})

/** One step of each kind. `fetch` fails, `impure` never ends. */
const DEFINITION: WorkflowDefinition = {
  name: 'w',
  steps: [
    { id: 'first', ...task },
    { id: 'next', ...task, depends_on: ['first'] },
    { id: 'map', ...task, for_each: { items: { $expr: '[1..5]' }, concurrency: 2 }, depends_on: ['first'] },
    { id: 'in', workflow: child(30), depends_on: ['next'] },
    { id: 'ask', wait: { signal: 's' } },
    { id: 'nap', wait: { ms: 100 }, depends_on: ['first'] },
    {
      id: 'undone',
      tool: 'fetch',
      params: {},
      // biome-ignore lint/suspicious/noThenProperty: it is what the definition calls it.
      on_error: { run: { tool: 'undo', params: {} }, then: 'continue' },
      depends_on: ['first'],
    },
    { id: 'late', tool: 'impure', params: {}, timeout_ms: 80, on_error: { continue: 1 } },
    {
      id: 'children',
      workflow: child(1),
      for_each: { items: [1, 2, 3], concurrency: 2 },
      depends_on: ['nap'],
    },
    {
      id: 'join',
      tool: 'work',
      params: { all: [{ $from: 'map' }, { $from: 'in' }, { $from: 'undone' }, { $from: 'late' }] },
      when: '1 = 1',
      trigger_rule: 'all_done',
    },
  ],
}

const happenings = fc.array(
  fc.record({
    /** After so many milliseconds, or 0: so many turns of the event loop. */
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 150 })),
    turns: fc.integer({ min: 0, max: 6 }),
    what: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('reschedule' as const, 'signal' as const, 'kill' as const) },
      { weight: 1, arbitrary: fc.constant('cancel' as const) },
    ),
    steps: fc.subarray(
      DEFINITION.steps.map(({ id }) => id),
      { maxLength: 2 },
    ),
    /** What tasks take from now on. */
    taskMs: fc.integer({ min: 1, max: 40 }),
  }),
  { minLength: 1, maxLength: 14 },
)

function outcomeOf({ request: { tool } }: TestTask, ms: number): TestOutcome {
  if (tool === 'impure') return {}
  if (tool === 'fetch') return { ms, error: { code: 'tool_failed', message: 'broken', retryable: false } }
  return { ms, result: { done: true } }
}

async function started(world: World): Promise<{ workflows: Workflows; kill: () => void }> {
  const process = new Process(world.clock, undefined)
  const parts = { clock: process.clock, store: process.using(world.store), tasks: process.using(world.tasks) }
  const workflows = workflowsOf({ ...parts, bodies: world.bodies }, { leaseMs: 3_000 })
  await workflows.start()
  return { workflows, kill: () => process.kill() }
}

async function untilEnded({ store, clock }: World, id: string): Promise<void> {
  for (let signals = 0; signals < 3; signals++) {
    await clock.pass(60_000)
    if ((await store.head(id))?.ended_at !== undefined) return
    await store.request(id, { kind: 'signal', by: 'me', signal: 's' }, '{}')
  }
  await clock.pass(60_000)
}

it('whatever is asked of a workflow at whatever moment, and whenever its engine is killed, it ends, each step once in a generation, and nothing of it runs on', async () => {
  await fc.assert(
    fc.asyncProperty(happenings, async happens => {
      const world = newWorld()
      let taskMs = 3
      world.tasks.outcome = each => outcomeOf(each, taskMs)
      let run = await started(world)
      const { workflow_id: id } = await run.workflows.submit('me', { workflow: DEFINITION })
      for (const { afterMs, turns, what, steps, taskMs: next } of happens) {
        taskMs = next
        if (afterMs > 0) await world.clock.pass(afterMs)
        else for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
        if (what === 'kill') {
          run.kill()
          run = await started(world)
        } else if (what === 'reschedule') await world.store.request(id, { kind: what, by: 'me', steps })
        else if (what === 'signal') await world.store.request(id, { kind: what, by: 'me', signal: 's' }, '{}')
        else await world.store.request(id, { kind: what, by: 'me', reason: 'enough' })
      }
      await untilEnded(world, id)

      const head = await run.workflows.head(id)
      const { events } = await world.store.events(id, 0, 100_000)
      expect(head.ended_at, `${head.state}: ${JSON.stringify(events.slice(-20))}`).toBeDefined()
      const open = [...world.tasks.byKey.values()].filter(({ end }) => end === undefined)
      expect(open.map(({ key }) => key)).toEqual([])
      const children = await world.store.list({ parent: id, order: 'oldest', limit: 1_000 })
      expect(children.workflows.filter(({ ended_at }) => ended_at === undefined)).toEqual([])
      const history = new History(await run.workflows.plan(id))
      for (const event of events) history.apply(event)
      expect(history.progress.counts).toEqual(head.steps)
      const ends = events.flatMap(event =>
        event.kind === 'step_ended' ? [`${event.step} ${event.generation}`] : [],
      )
      expect(new Set(ends).size).toBe(ends.length)
      run.kill()
    }),
    { numRuns: 150 },
  )
}, 60_000)
