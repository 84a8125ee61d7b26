import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ErrorFacts, ToolmeshError } from '../errors.ts'
import type { TestOutcome, TestTask } from './engine/test-tasks.fixture.ts'
import { newWorld, type World, workflowsOf } from './engine/workflows.fixture.ts'
import { type Accident, Process } from './ownership/process.fixture.ts'
import { History } from './reading/history.ts'
import {
  definitionOf,
  type Expected,
  interpret,
  type ModelStep,
  modelSteps,
  nameOf,
  outputOf,
  resultOf,
} from './workflow-model.fixture.ts'
import type { Workflows } from './workflows.ts'

const BROKEN: ErrorFacts = { code: 'tool_failed', message: 'broken', retryable: false }

/** What becomes of the tasks of a model; those of children are told apart by what their input says. */
function outcomes(steps: readonly ModelStep[], allSucceed: boolean): World['tasks']['outcome'] {
  return (task: TestTask): TestOutcome => {
    const { tool, params } = task.request
    const index = Number(String(tool === 'undo' ? task.key.split('/')[2] : params.of).slice(1))
    const step = steps[index]
    if (step === undefined) throw new Error(`whose is ${task.key}?`)
    const { of: _, got, ...given } = params
    const ms = step.ms
    if (tool === 'undo')
      return step.undoFails && !allSucceed ? { ms, error: BROKEN } : { ms, result: resultOf({}) }
    const whole = typeof got === 'object' && got !== null && !Array.isArray(got) ? got : given
    const item = whole.item
    const outcome = allSucceed ? 'succeeds' : typeof item === 'number' ? step.items[item] : step.outcome
    if (outcome === 'hangs') return {}
    return outcome === 'fails' ? { ms, error: BROKEN } : { ms, result: resultOf(whole) }
  }
}

/** Which calls (1, 2, …) to the stores fail, and whether they were carried out all the same. */
type Faults = ReadonlyMap<number, 'before' | 'after'>

/** A part whose calls fail now and then, as on a disk that is full for a moment. */
function flaky<T extends object>(part: T, faults: Faults, calls: { count: number }): T {
  return new Proxy(part, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name === 'watch' || name === 'onEnded') return value.bind(target)
      return async (...args: unknown[]) => {
        calls.count += 1
        const fault = faults.get(calls.count)
        if (fault === 'before') throw new ToolmeshError('unavailable', 'not now')
        const answer: unknown = await value.apply(target, args)
        if (fault === 'after') throw new ToolmeshError('unavailable', 'not known whether')
        return answer
      }
    },
  })
}

/** Runs of a node, each ended by an accident but for the last. */
class Runs {
  readonly #world: World
  readonly #accidents: Accident[]
  readonly #faults: Faults
  readonly #calls = { count: 0 }
  workflows: Workflows | undefined
  #restart = false

  constructor(world: World, accidents: Accident[], faults: Faults) {
    this.#world = world
    this.#accidents = accidents
    this.#faults = faults
    this.#open()
  }

  /** Opens the next run where the one before has ended. */
  tick(): void {
    if (!this.#restart) return
    this.#restart = false
    this.#open()
  }

  #open(): void {
    const { store, tasks, bodies, clock } = this.#world
    const process = new Process(clock, this.#accidents.shift(), () => {
      this.#restart = true
    })
    this.workflows = workflowsOf(
      {
        clock: process.clock,
        store: flaky(process.using(store), this.#faults, this.#calls),
        tasks: flaky(process.using(tasks), this.#faults, this.#calls),
        bodies,
      },
      { leaseMs: 3_000 },
    )
    this.workflows.start().catch(() => {
      this.#restart ||= !process.isDead
    })
  }
}

const accidents: fc.Arbitrary<Accident[]> = fc.array(
  fc.record({ call: fc.integer({ min: 1, max: 40 }), when: fc.constantFrom('before', 'after') }),
  { maxLength: 3 },
)

const faults: fc.Arbitrary<Faults> = fc
  .array(fc.tuple(fc.integer({ min: 2, max: 60 }), fc.constantFrom('before' as const, 'after' as const)), {
    maxLength: 8,
  })
  .map(entries => new Map(entries))

async function untilEnded(world: World, runs: Runs, id: string, generation: number): Promise<void> {
  let isOver = false
  const stop = world.store.watch(hint => {
    if (hint.workflow_id === id && hint.what === 'ended') isOver = true
  })
  for (let rounds = 0; rounds < 1_000; rounds++) {
    runs.tick()
    const head = await world.store.head(id)
    if (head?.ended_at !== undefined && head.generation === generation) break
    isOver = false
    await world.clock.pass(250, () => isOver)
  }
  stop()
  const head = await world.store.head(id)
  if (head?.ended_at === undefined || head.generation !== generation)
    throw new Error(`it did not end: ${JSON.stringify(head)}`)
}

async function check(
  world: World,
  workflows: Workflows,
  id: string,
  definition: ReturnType<typeof definitionOf>,
  expected: readonly Expected[],
): Promise<void> {
  const steps = new Map((await workflows.steps(id, { limit: 100 })).map(step => [step.id, step]))
  for (const [index, { state, output }] of expected.entries()) {
    const step = steps.get(nameOf(index))
    expect(`${nameOf(index)} ${step?.state}`).toBe(`${nameOf(index)} ${state}`)
    if (state === 'skipped') expect(step?.reason).toBeTruthy()
    if (state === 'failed') expect(step?.error).toBeTruthy()
    const detail = await workflows.step(id, nameOf(index))
    expect(detail.output ?? null).toEqual(output ?? null)
  }
  const whole = outputOf(expected)
  const outcome = await workflows.result(id)
  expect(outcome.state).toBe(whole === undefined ? 'failed' : 'succeeded')
  if (whole === undefined) expect(outcome.error?.message).toMatch(/^step s\d+ failed/)
  else expect(outcome.result).toEqual(whole)
  // The events that are there fold to the head that is there.
  const history = new History(await workflows.plan(id))
  for (const event of (await world.store.events(id, 0, 10_000)).events) history.apply(event)
  const head = await workflows.head(id)
  expect(history.progress.counts).toEqual(head.steps)
  expect(history.progress.seq).toBe(head.seq)
  expect(definition.steps).toHaveLength(steps.size)
  // Whatever it ended by, nothing of it runs on.
  await world.clock.pass(60_000)
  expect(
    [...world.tasks.byKey.values()].filter(({ end }) => end === undefined).map(({ key }) => key),
  ).toEqual([])
}

/** Tasks of the workflow itself that ran in a generation: `s3/-`. */
function tasksOf(world: World, id: string, generation: number): string[] {
  const start = `workflow:${id}/${generation}/`
  return [...world.tasks.byKey.keys()]
    .filter(key => key.startsWith(start))
    .map(key => key.slice(start.length))
}

function expectTasks(ranTasks: string[], expected: readonly Expected[]): void {
  const must = expected.flatMap(({ tasks }) => tasks)
  const may = new Set([...must, ...expected.flatMap(({ maybe }) => maybe)])
  expect(new Set(ranTasks)).toEqual(new Set([...must, ...ranTasks.filter(task => may.has(task))]))
}

describe('any workflow', () => {
  it('ends as a plain interpreter says, whenever its engine is lost and whatever fails for a while, and runs anew from what failed', async () => {
    await fc.assert(
      fc.asyncProperty(modelSteps, accidents, faults, async (steps, lost, failing) => {
        const world = newWorld()
        world.tasks.outcome = outcomes(steps, false)
        const definition = definitionOf(steps)
        const runs = new Runs(world, lost, failing)
        let id: string | undefined
        let refusal: unknown
        for (let tries = 0; id === undefined && tries < 10; tries++) {
          runs.tick()
          runs.workflows
            ?.submit('me', { workflow: definition, idempotency_key: 'once' })
            .then(receipt => {
              id ??= receipt.workflow_id
            })
            .catch(error => {
              refusal = error
            })
          await world.clock.pass(10_000, () => id !== undefined)
        }
        if (id === undefined) throw new Error('it was not taken', { cause: refusal })
        for (const [index, step] of steps.entries())
          if (step.kind === 'signal' && step.outcome !== 'hangs')
            await world.store.request(id, { kind: 'signal', by: 'me', signal: `signal-${index}` }, '{"n":7}')

        await untilEnded(world, runs, id, 1)
        const reader = workflowsOf(world)
        const expected = interpret(steps)
        await check(world, reader, id, definition, expected)
        expectTasks(tasksOf(world, id, 1), expected)

        if (!expected.some(({ state }) => state === 'failed')) return
        world.tasks.outcome = outcomes(steps, true)
        const before = await reader.head(id)
        await reader.start()
        await reader.reschedule(id, 'me', {})
        for (const [index, step] of steps.entries())
          if (step.kind === 'signal')
            await world.store.request(id, { kind: 'signal', by: 'me', signal: `signal-${index}` }, '{"n":7}')
        await untilEnded(world, runs, id, before.generation + 1)
        const again = new Set<number>()
        for (const [index, { state }] of expected.entries())
          if (state === 'failed' || steps[index]?.dependencies.some(each => again.has(each))) again.add(index)
        const kept = new Map([...expected.entries()].filter(([index]) => !again.has(index)))
        const after = interpret(steps, true, kept)
        await check(world, reader, id, definition, after)
        expectTasks(
          tasksOf(world, id, 2),
          after.filter((_, index) => again.has(index)),
        )
      }),
      { numRuns: 300 },
    )
  }, 120_000)
})
