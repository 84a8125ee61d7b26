/** Random workflows, and what is to become of them by a plain interpreter: not part of the product. */
import fc from 'fast-check'
import type { Json, JsonObject } from '../tools/tool.ts'
import type { StepDefinition, TriggerRule, WorkflowDefinition } from './definition/definition.ts'

type Outcome = 'succeeds' | 'fails' | 'hangs'

/** A random step; `dependencies` are numbers of earlier ones. */
export interface ModelStep {
  kind: 'task' | 'map' | 'child' | 'mapChild' | 'wait' | 'signal'
  dependencies: number[]
  /** Which of them its params refer to. */
  refers: boolean[]
  trigger: TriggerRule
  when: 'none' | 'true' | 'false' | 'reference'
  onError: 'fail' | 'skip' | 'continue' | 'null' | 'undo' | 'undoSkip' | 'undoContinue'
  undoFails: boolean
  outcome: Outcome
  /** Of a map: for each item. */
  items: ('succeeds' | 'fails')[]
  concurrency: number
  maxFailed: number
  /** Milliseconds that its tasks take. */
  ms: number
}

export const modelStep = (index: number): fc.Arbitrary<ModelStep> =>
  fc.record({
    kind: fc.constantFrom('task', 'task', 'task', 'map', 'child', 'mapChild', 'wait', 'signal'),
    dependencies: index === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat(index - 1), { maxLength: 3 }),
    refers: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    trigger: fc.constantFrom('all_succeeded', 'all_succeeded', 'all_succeeded', 'one_succeeded', 'all_done'),
    when: fc.constantFrom('none', 'none', 'none', 'true', 'false', 'reference'),
    onError: fc.constantFrom('fail', 'skip', 'continue', 'null', 'undo', 'undoSkip', 'undoContinue'),
    undoFails: fc.boolean(),
    outcome: fc.constantFrom('succeeds', 'succeeds', 'succeeds', 'succeeds', 'fails', 'hangs'),
    items: fc.array(fc.constantFrom('succeeds', 'succeeds', 'fails'), { maxLength: 6 }),
    concurrency: fc.integer({ min: 1, max: 4 }),
    maxFailed: fc.nat(2),
    ms: fc.integer({ min: 1, max: 2_000 }),
  })

export const modelSteps: fc.Arbitrary<ModelStep[]> = fc
  .integer({ min: 1, max: 9 })
  .chain(count => fc.tuple(...Array.from({ length: count }, (_, index) => modelStep(index))))

export const STEP_LIMIT_MS = 20_000
export const nameOf = (index: number): string => `s${index}`

function hangs({ kind, outcome }: ModelStep): boolean {
  return outcome === 'hangs' && (kind === 'task' || kind === 'child' || kind === 'signal')
}

/** Dependencies that its params or condition refer to. */
function referred({ dependencies, refers }: ModelStep): number[] {
  return dependencies.filter((_, at) => refers[at])
}

/** The definition, its steps in another order than the one they run in. */
export function definitionOf(steps: readonly ModelStep[]): WorkflowDefinition {
  const made = steps.map((step, index) => stepOf(step, index))
  return { name: 'model', steps: made.toReversed(), output: outputTemplate(steps) }
}

function outputTemplate(steps: readonly ModelStep[]): JsonObject {
  return Object.fromEntries(steps.map((_, index) => [nameOf(index), { $from: nameOf(index) }]))
}

function stepOf(step: ModelStep, index: number): StepDefinition {
  const { kind, dependencies, trigger, when, concurrency, maxFailed } = step
  const params: JsonObject = Object.fromEntries(
    referred(step).map(each => [nameOf(each), { $from: nameOf(each) }]),
  )
  const forEach = {
    items: step.items.map((_, n) => n),
    concurrency,
    max_failed: maxFailed,
  }
  const base = {
    id: nameOf(index),
    depends_on: dependencies.map(nameOf),
    trigger_rule: dependencies.length === 0 ? 'all_succeeded' : trigger,
    on_error: onErrorOf(step),
    ...(hangs(step) ? { timeout_ms: STEP_LIMIT_MS } : {}),
    ...conditionOf(when, dependencies),
  }
  const child: WorkflowDefinition = {
    name: 'child',
    steps: [{ id: 'inner', tool: 'work', params: { of: nameOf(index), got: { $from: 'input' } } }],
    output: { $from: 'inner' },
  }
  switch (kind) {
    case 'task':
      return { ...base, tool: 'work', params: { ...params, of: nameOf(index) } }
    case 'map':
      return {
        ...base,
        tool: 'work',
        params: { ...params, of: nameOf(index), item: { $from: 'item' } },
        for_each: forEach,
      }
    case 'child':
      return { ...base, workflow: child, input: params }
    case 'mapChild':
      return { ...base, workflow: child, input: { ...params, item: { $from: 'item' } }, for_each: forEach }
    case 'wait':
      return { ...base, wait: { ms: step.ms } }
    case 'signal':
      return { ...base, wait: { signal: `signal-${index}` } }
    default:
      throw new Error(kind satisfies never)
  }
}

function conditionOf(when: ModelStep['when'], dependencies: number[]): { when?: string | JsonObject } {
  const [first] = dependencies
  if (when === 'none') return {}
  if (when === 'reference') return first === undefined ? {} : { when: { $from: nameOf(first) } }
  return { when: when === 'true' ? '1 < 2' : '1 > 2' }
}

function onErrorOf({ onError }: ModelStep): NonNullable<StepDefinition['on_error']> {
  const run = { tool: 'undo', params: { code: { $from: 'error', path: '/code' } } }
  switch (onError) {
    case 'fail':
    case 'skip':
      return onError
    case 'continue':
      return { continue: { n: 100, code: { $from: 'error', path: '/code' } } }
    case 'null':
      return 'continue'
    case 'undo':
      return { run }
    case 'undoSkip':
      return { run: { ...run }, ...then('skip') }
    case 'undoContinue':
      return { run: { ...run }, ...then('continue') }
    default:
      throw new Error(onError satisfies never)
  }
}

function then(what: 'skip' | 'continue') {
  // biome-ignore lint/suspicious/noThenProperty: the word of the definition
  return { then: what }
}

/** What a task gives for its params: one more than what it was given, however that is written. */
export function resultOf(params: JsonObject): Json {
  return { n: 1 + weight(params) }
}

function weight(value: Json | undefined): number {
  if (typeof value === 'number') return value
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + weight(each), 0)
  if (typeof value === 'object' && value !== null)
    return Object.values(value).reduce((sum: number, each) => sum + weight(each), 0)
  return 0
}

export interface Expected {
  state: 'succeeded' | 'failed' | 'skipped'
  /** It has something to go on with; undefined: it has not. */
  output?: Json
  fatal: boolean
  /** Ends of the keys of tasks that are to have run: `s3/-`. Of items of a map that failed only some may have. */
  tasks: string[]
  maybe: string[]
}

/** What is to become of each step, one after the other. `kept`: what steps that are not run anew became before. */
export function interpret(
  steps: readonly ModelStep[],
  allSucceed = false,
  kept: ReadonlyMap<number, Expected> = new Map(),
): Expected[] {
  const done: Expected[] = []
  for (const [index, step] of steps.entries()) {
    done.push(
      kept.get(index) ??
        one(
          allSucceed ? { ...step, outcome: 'succeeds', items: step.items.map(() => 'succeeds') } : step,
          index,
          done,
        ),
    )
  }
  return done
}

function one(step: ModelStep, index: number, done: readonly Expected[]): Expected {
  const before = step.dependencies.flatMap(each => done[each] ?? [])
  const met = before.filter(({ output }) => output !== undefined)
  const isAllowed =
    step.trigger === 'all_done' ||
    (step.trigger === 'all_succeeded' ? met.length === before.length : before.length === 0 || met.length > 0)
  const [first] = step.dependencies
  const condition =
    step.when === 'reference' && first !== undefined
      ? weightOfCondition(done[first]?.output)
      : step.when !== 'false'
  if (!isAllowed || !condition) return { state: 'skipped', fatal: false, tasks: [], maybe: [] }
  return ran(step, index, done)
}

/** JSONata's $boolean, of what steps give here. */
function weightOfCondition(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.some(weightOfCondition)
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

function ran(step: ModelStep, index: number, done: readonly Expected[]): Expected {
  const given: JsonObject = Object.fromEntries(
    referred(step).map(each => [nameOf(each), done[each]?.output ?? null]),
  )
  const name = nameOf(index)
  const good = (output: Json, tasks: string[]): Expected => ({
    state: 'succeeded',
    output,
    fatal: false,
    tasks,
    maybe: [],
  })
  const own = step.kind === 'task' ? [`${name}/-`] : []
  switch (step.kind) {
    case 'wait':
      return good(null, [])
    case 'signal':
      return step.outcome === 'hangs' ? failed(step, name, 'timed_out', [], []) : good({ n: 7 }, [])
    case 'task':
    case 'child':
      if (step.outcome === 'succeeds') return good(resultOf(given), own)
      return failed(step, name, step.outcome === 'hangs' ? 'timed_out' : 'tool_failed', own, [])
    case 'map':
    case 'mapChild': {
      const failures = step.items.filter(each => each === 'fails').length
      const tasks = step.kind === 'map' ? step.items.map((_, n) => `${name}/${n}`) : []
      if (failures > step.maxFailed) return failed(step, name, 'tool_failed', [], tasks)
      const outputs = step.items.map((each, n) => (each === 'fails' ? null : resultOf({ ...given, item: n })))
      return good(outputs, tasks)
    }
    default:
      throw new Error(step.kind satisfies never)
  }
}

function failed(step: ModelStep, name: string, code: string, tasks: string[], maybe: string[]): Expected {
  const { onError, undoFails } = step
  const undo = onError.startsWith('undo') ? [...tasks, `${name}/!`] : tasks
  const how = { state: 'failed', tasks: undo, maybe } as const
  if (onError === 'continue') return { ...how, fatal: false, output: { n: 100, code } }
  if (onError === 'null') return { ...how, fatal: false, output: null }
  if (onError === 'undoContinue' && !undoFails) return { ...how, fatal: false, output: resultOf({}) }
  return { ...how, fatal: onError === 'fail' || onError === 'undo' || (undo !== tasks && undoFails) }
}

/** What the workflow gives in the end; undefined: it fails. */
export function outputOf(expected: readonly Expected[]): JsonObject | undefined {
  if (expected.some(({ fatal }) => fatal)) return undefined
  return Object.fromEntries(expected.map(({ output }, index) => [nameOf(index), output ?? null]))
}
