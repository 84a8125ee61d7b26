/**
 * Three engines over one store, one or two of which stop dead, or stand still and come back, between any two calls.
 * PROPERTY_RUNS=10000 is `npm run test:workflow-takeover`.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WorkflowDefinition } from '../definition/definition.ts'
import type { Accident } from './process.fixture.ts'
import { QuickClock } from './quick-clock.fixture.ts'
import {
  type Ending,
  endingOf,
  LEASE_MS,
  type RunningEngine,
  SharedWorld,
  taking,
} from './three-engines.fixture.ts'

const RUNS = Number(process.env.PROPERTY_RUNS ?? 200)
const HOUR_MS = 3_600_000
const ENGINES = ['engine-a', 'engine-b', 'engine-c']

interface StepShape {
  kind: 'task' | 'each' | 'wait' | 'child'
  ms: number
  items: number
  fails: boolean
  onError: 'fail' | 'skip' | 'continue' | 'run'
  after: number[]
}

const shape: fc.Arbitrary<StepShape> = fc.record({
  kind: fc.constantFrom('task', 'task', 'task', 'each', 'wait', 'child'),
  ms: fc.constantFrom(1, 5, 200, 4_000, 20_000),
  items: fc.integer({ min: 0, max: 5 }),
  fails: fc.integer({ min: 0, max: 5 }).map(n => n === 0),
  onError: fc.constantFrom('fail', 'skip', 'continue', 'run'),
  after: fc.uniqueArray(fc.nat(6), { maxLength: 3 }),
})

const definition: fc.Arbitrary<WorkflowDefinition> = fc
  .array(shape, { minLength: 1, maxLength: 7 })
  .map(shapes => ({ name: 'random', steps: shapes.map(stepOf) }))

function stepOf({ kind, ms, items, fails, onError, after }: StepShape, n: number) {
  const base = {
    id: `s${n}`,
    depends_on: after.filter(place => place < n).map(place => `s${place}`),
    on_error: onError === 'run' ? { run: { tool: 'work', params: taking(3, n, false) } } : onError,
  }
  const task = { ...base, tool: 'work', params: taking(ms, n, fails) }
  if (kind === 'wait') return { ...base, wait: { ms } }
  if (kind === 'each') {
    const params = { ...taking(ms, n, fails), item: { $from: 'item' } }
    const each = { items: Array.from({ length: items }, (_, item) => item), concurrency: 2, max_failed: 10 }
    return { ...task, params, for_each: each }
  }
  if (kind === 'child') {
    const steps = [
      { id: 'x', tool: 'work', params: taking(ms, n, fails) },
      { id: 'y', tool: 'work', params: taking(2, n, false), depends_on: ['x'] },
    ]
    return { ...base, workflow: { name: 'inner', steps } }
  }
  return task
}

const accident: fc.Arbitrary<Accident> = fc.record(
  {
    call: fc.oneof(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 2, max: 60 })),
    when: fc.constantFrom('before' as const, 'after' as const),
    forMs: fc.constantFrom(2_000, 12_000, 30_000, 90_000),
  },
  { requiredKeys: ['call', 'when'] },
)

/** Submits as a client does: where no answer comes, again by the same key at another engine. */
async function submit(
  world: SharedWorld,
  engines: RunningEngine[],
  workflow: WorkflowDefinition,
  place: number,
): Promise<string> {
  for (let tries = 0; tries < 10; tries++) {
    const engine = engines[(place + tries) % engines.length]!
    if (engine.process.isDead) continue
    let id: string | undefined
    engine.workflows.submit('me', { workflow, idempotency_key: `key-${place}` }).then(
      receipt => {
        id = receipt.workflow_id
      },
      () => {},
    )
    if (await world.clock.pass(5_000, () => id !== undefined)) return id!
  }
  throw new Error('no engine took it')
}

async function runAll(
  definitions: WorkflowDefinition[],
  names: string[],
  accidentOf: (name: string) => Accident | undefined,
  apartMs = 0,
  drains = false,
) {
  const world = new SharedWorld(new QuickClock())
  await world.open()
  /** What the engine had when it stopped for good, and how long it took until that was another's. */
  const owned = new Set<string>()
  let stoppedAt = 0
  let takeoverMs = 0
  const stopped = async (name: string): Promise<void> => {
    stoppedAt = world.clock.now()
    for (const { workflow_id } of await world.store.owned(name, undefined, 1_000)) owned.add(workflow_id)
  }
  world.store.watch(({ what, workflow_id, owner }) => {
    if (what !== 'assigned' || owner === 'engine-a' || !owned.delete(workflow_id)) return
    takeoverMs = Math.max(takeoverMs, world.clock.now() - stoppedAt)
  })
  const engines: RunningEngine[] = []
  for (const name of names) {
    const struck = accidentOf(name)
    const isForGood = struck !== undefined && struck.forMs === undefined
    engines.push(
      await world.start(name, struck, () => isForGood && name === 'engine-a' && void stopped(name)),
    )
    // So that they do not renew at the same times.
    await world.clock.pass(apartMs)
  }
  await world.clock.pass(LEASE_MS / 3)
  const ids: string[] = []
  for (const [place, each] of definitions.entries()) ids.push(await submit(world, engines, each, place))
  if (drains) void engines.at(-1)?.workflows.drain(new AbortController().signal)

  const open = new Set(ids)
  world.store.watch(({ what, workflow_id }) => {
    if (what === 'ended') open.delete(workflow_id)
  })
  for (const id of ids) if ((await world.store.head(id))?.ended_at !== undefined) open.delete(id)
  await world.clock.pass(HOUR_MS, () => open.size === 0)
  expect([...open]).toEqual([])
  // Whoever stood still comes back, and finds that all is over.
  await world.clock.pass(200_000)
  const reader = engines.at(-1)!
  const endings: Ending[] = []
  for (const id of ids) endings.push(await endingOf(world, reader.workflows, id))
  for (const { workflows } of engines) void workflows.close()
  await world.clock.pass(200_000)
  await world.queue.close()
  return { endings, late: world.late, takeoverMs }
}

describe('three engines over one store', () => {
  const seen = { refused: 0, runs: 0, slowestMs: 0 }

  it(
    'end what those began that stop dead or stand still, as if nothing had happened',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(definition, { minLength: 1, maxLength: 3 }),
          accident,
          fc.option(accident, { nil: undefined, freq: 3 }),
          fc.nat(LEASE_MS / 3),
          fc.boolean(),
          async (definitions, ofA, ofB, apartMs, drains) => {
            const accidents = new Map([
              ['engine-a', ofA],
              ['engine-b', ofB],
            ])
            const plain = await runAll(definitions, ['engine-a'], () => undefined)
            // Where nobody else is left, nothing would go on.
            const { endings, late, takeoverMs } = await runAll(
              definitions,
              ENGINES,
              name => accidents.get(name),
              apartMs,
              drains && ofB === undefined,
            )
            expect(endings).toEqual(plain.endings)
            expect(late.taken).toBe(0)
            expect(takeoverMs).toBeLessThanOrEqual(2 * LEASE_MS)
            seen.refused += late.refused
            seen.slowestMs = Math.max(seen.slowestMs, takeoverMs)
            seen.runs += 1
          },
        ),
        { numRuns: RUNS },
      )
      // The runs must have come to what they are for.
      expect(seen.refused).toBeGreaterThan(RUNS / 50)
      expect(seen.slowestMs).toBeGreaterThan(LEASE_MS / 2)
      if (RUNS >= 1_000) console.log('takeover', { lease_ms: LEASE_MS, ...seen })
    },
    RUNS * 1_000 + 60_000,
  )
})
