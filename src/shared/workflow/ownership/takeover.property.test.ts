/**
 * Three engines over one store, one of which stops dead, or stands still and comes back, between any two calls.
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

const RUNS = Number(process.env.PROPERTY_RUNS ?? 150)
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
) {
  const world = new SharedWorld(new QuickClock())
  await world.open()
  let struck: { at: number; isDead: boolean; owned: string[] } | undefined
  const engines: RunningEngine[] = []
  for (const name of names) {
    const engine = await world.start(name, accidentOf(name), () => {
      const at = world.clock.now()
      const isDead = accidentOf(name)?.forMs === undefined
      struck = { at, isDead, owned: [] }
      void world.store.owned(name, undefined, 1_000).then(heads => {
        struck = { at, isDead, owned: heads.map(({ workflow_id }) => workflow_id) }
      })
    })
    engines.push(engine)
  }
  await world.clock.pass(LEASE_MS / 3)
  const ids: string[] = []
  for (const [place, each] of definitions.entries()) ids.push(await submit(world, engines, each, place))

  if (struck?.isDead === true) {
    await world.clock.pass(struck.at + 2 * LEASE_MS - world.clock.now())
    for (const id of struck.owned) {
      const head = await world.store.head(id)
      if (head?.ended_at === undefined)
        expect([id, ENGINES.indexOf(head?.owner ?? '')]).not.toEqual([id, names.indexOf('engine-a')])
    }
  }
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
  return { endings, late: world.late }
}

describe('three engines over one store', () => {
  const seen = { refused: 0, runs: 0 }

  it(
    'end what one of them began that stops dead or stands still, as if nothing had happened',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(definition, { minLength: 1, maxLength: 3 }),
          accident,
          async (definitions, struck) => {
            const plain = await runAll(definitions, ['engine-a'], () => undefined)
            const { endings, late } = await runAll(definitions, ENGINES, name =>
              name === 'engine-a' ? struck : undefined,
            )
            expect(endings).toEqual(plain.endings)
            expect(late.taken).toBe(0)
            seen.refused += late.refused
            seen.runs += 1
          },
        ),
        { numRuns: RUNS },
      )
      // The runs must have come to what they are for.
      expect(seen.refused).toBeGreaterThan(RUNS / 50)
    },
    RUNS * 1_000 + 60_000,
  )
})
