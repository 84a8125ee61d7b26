import { closestName } from '../../tools/closest-name.ts'
import type { JsonObject, ToolDescriptor } from '../../tools/tool.ts'
import type {
  ForEach,
  OnError,
  StepDefinition,
  StepTaskOptions,
  Template,
  ToolStep,
  WaitStep,
  WorkflowDefinition,
  WorkflowStep,
} from './definition.ts'
import type { Faults } from './faults.ts'
import { DEFAULT_CONCURRENCY } from './limits.ts'
import type { CompiledTemplate, ForEachPlan, OnErrorPlan, PlanStep } from './plan.ts'
import type { StepNames } from './step-names.ts'
import { sayNoStep, type TemplateCompiler, type TemplateScope } from './template.ts'

/** The tools that steps can run. */
export interface ToolBook {
  tool(name: string): ToolDescriptor | undefined
  /** For what was probably meant by a name that is none of them. */
  names?(): Iterable<string>
}

export interface StepCompilerInit {
  names: StepNames
  tools: ToolBook
  /** Of all workflows that lie in one another. */
  templates: TemplateCompiler
  faults: Faults
  /** The definition was found right before: a tool that is not there any more is no fault. */
  accepted: boolean
  defaults: StepTaskOptions
  /** Looks at a workflow that is written in a step. */
  inline(definition: WorkflowDefinition, at: string): void
}

/** A step by itself. Without `planned` where something is wrong that leaves nothing to plan. */
export interface StepDraft {
  dependencies: readonly number[]
  planned?: Omit<PlanStep, 'dependents'>
}

type Work = PlanStep['work']

const EMPTY: JsonObject = {}
const NONE: readonly number[] = []
const FAIL: OnErrorPlan = { kind: 'fail' }
const SKIP: OnErrorPlan = { kind: 'skip' }

/** Makes steps ready, one by one, and says what is wrong with each. */
export class StepCompiler {
  readonly #init: StepCompilerInit

  constructor(init: StepCompilerInit) {
    this.#init = init
  }

  /** @param field JSON Pointer of the step */
  draft(definition: StepDefinition, index: number, field: string): StepDraft {
    const needed = new Set<number>()
    const made = new OneStep(this.#init, definition, field, needed)
    made.dependsOn()
    const work = made.work()
    const when = made.when()
    const onError = made.onError()
    const dependencies = needed.size === 0 ? NONE : [...needed].sort((a, b) => a - b)
    const { id, trigger_rule: triggerRule = 'all_succeeded', timeout_ms } = definition
    if (triggerRule === 'one_succeeded' && dependencies.length === 0)
      this.#init.faults.say(
        `${field}/trigger_rule`,
        'a step that depends on nothing would never run by one_succeeded',
        {
          value: triggerRule,
        },
      )
    if (work === undefined || onError === undefined) return { dependencies }
    const planned: Omit<PlanStep, 'dependents'> = {
      index,
      id,
      definition,
      dependencies,
      triggerRule,
      onError,
      work,
    }
    if (when !== undefined) planned.when = when
    if (timeout_ms !== undefined) planned.timeoutMs = timeout_ms
    return { dependencies, planned }
  }

  /** A template that belongs to no step: the output of the workflow. */
  template(source: Template, field: string): CompiledTemplate {
    const { names, faults, accepted } = this.#init
    return this.#init.templates.compile(source, field, { names, faults, accepted })
  }
}

class OneStep {
  readonly #init: StepCompilerInit
  readonly #step: StepDefinition
  readonly #field: string
  readonly #needed: Set<number>
  readonly #scope: TemplateScope

  constructor(init: StepCompilerInit, step: StepDefinition, field: string, needed: Set<number>) {
    this.#init = init
    this.#step = step
    this.#field = field
    this.#needed = needed
    this.#scope = { names: init.names, faults: init.faults, self: step.id, accepted: init.accepted }
  }

  dependsOn(): void {
    const { names, faults } = this.#init
    for (const [at, id] of (this.#step.depends_on ?? []).entries()) {
      const field = `${this.#field}/depends_on/${at}`
      const index = names.indexOf(id)
      if (index === undefined) sayNoStep(faults, field, id, names)
      else if (id === this.#step.id) faults.say(field, `${id} cannot depend on itself`, { value: id })
      else this.#needed.add(index)
    }
  }

  when(): PlanStep['when'] {
    const { when } = this.#step
    if (when === undefined) return undefined
    const template = this.#init.templates.condition(when, `${this.#field}/when`, this.#scope)
    return { source: when, template: this.#noted(template) }
  }

  work(): Work | undefined {
    const step = this.#step
    if ('tool' in step) return this.#task(step)
    return 'workflow' in step ? this.#workflow(step) : this.#wait(step)
  }

  onError(): OnErrorPlan | undefined {
    const { on_error: onError = 'fail' } = this.#step
    if (onError === 'fail') return FAIL
    if (onError === 'skip') return SKIP
    if (onError === 'continue') return { kind: 'continue', value: this.#template(null, '/on_error') }
    const more = { error: true }
    if ('continue' in onError)
      return { kind: 'continue', value: this.#template(onError.continue, '/on_error/continue', more) }
    return this.#compensation(onError)
  }

  #compensation({ run, then = 'fail' }: Extract<OnError, { run: unknown }>): OnErrorPlan | undefined {
    const tool = this.#tool(run.tool, '/on_error/run/tool')
    const params = this.#template(run.params ?? EMPTY, '/on_error/run/params', { error: true })
    return tool === undefined ? undefined : { kind: 'run', tool, params, options: this.#options(run), then }
  }

  #task(step: ToolStep): Work | undefined {
    const tool = this.#tool(step.tool, '/tool')
    const forEach = this.#forEach(step.for_each)
    const params = this.#template(step.params ?? EMPTY, '/params', { item: forEach !== undefined })
    if (tool === undefined) return undefined
    const isPure = tool.effects.repeat === 'pure'
    const { cache = false } = step
    if (cache && !isPure && !this.#init.accepted)
      this.#init.faults.say(
        `${this.#field}/cache`,
        `results of ${tool.name} cannot be taken from the cache, as it is not pure but ${tool.effects.repeat}`,
        { value: true, allowed: 'false' },
      )
    const work: Work = { kind: 'task', tool, params, options: this.#options(step), cache: cache && isPure }
    if (forEach !== undefined) work.forEach = forEach
    return work
  }

  #workflow(step: WorkflowStep): Work {
    const forEach = this.#forEach(step.for_each)
    const input = this.#template(step.input ?? EMPTY, '/input', { item: forEach !== undefined })
    if ('steps' in step.workflow) this.#init.inline(step.workflow, `${this.#field}/workflow`)
    const work: Work = { kind: 'workflow', ref: step.workflow, input }
    if (forEach !== undefined) work.forEach = forEach
    return work
  }

  #wait({ wait }: WaitStep): Work {
    if ('ms' in wait) return { kind: 'wait', ms: wait.ms }
    if ('signal' in wait) return { kind: 'signal', ...wait }
    const until = this.#template(wait.until, '/wait/until')
    const value = until.constant?.value
    if (until.constant !== undefined && (typeof value !== 'string' || !isTime(value)))
      this.#init.faults.value(
        `${this.#field}/wait/until`,
        value,
        'a time in ISO 8601, as 2030-01-31T08:00:00Z, or a template that gives one',
      )
    return { kind: 'until', until }
  }

  #forEach(forEach: ForEach | undefined): ForEachPlan | undefined {
    if (forEach === undefined) return undefined
    const { items, concurrency = DEFAULT_CONCURRENCY, max_failed = 0 } = forEach
    return { items: this.#template(items, '/for_each/items'), concurrency, max_failed }
  }

  #template(
    source: Template,
    field: string,
    more: Pick<TemplateScope, 'item' | 'error'> = {},
  ): CompiledTemplate {
    const scope = { ...this.#scope, ...more }
    return this.#noted(this.#init.templates.compile(source, this.#field + field, scope))
  }

  #noted(template: CompiledTemplate): CompiledTemplate {
    for (const index of template.needs.outputs.keys()) this.#needed.add(index)
    return template
  }

  #tool(name: string, field: string): ToolDescriptor | undefined {
    const { tools, faults, accepted } = this.#init
    const tool = tools.tool(name)
    if (tool !== undefined) return tool
    if (accepted) return lostTool(name)
    const meant = closestName(name, tools.names?.() ?? [])
    faults.say(
      this.#field + field,
      `there is no tool ${JSON.stringify(name)}${meant === undefined ? '; find tools with tools_search' : `, did you mean ${meant}?`}`,
      { value: name, ...(meant === undefined ? {} : { allowed: meant }) },
    )
    return undefined
  }

  /** What the step says, else what the workflow says for all. */
  #options(own: StepTaskOptions): StepTaskOptions {
    const { defaults } = this.#init
    if (!OPTIONS.some(key => own[key] !== undefined)) return defaults
    const options: StepTaskOptions = { ...defaults }
    for (const key of OPTIONS) copyOption(key, own, options)
    return options
  }
}

const OPTIONS = [
  'priority',
  'requires',
  'target',
  'any_build',
  'retry',
  'queue_timeout_ms',
  'attempt_timeout_ms',
  'concurrency',
  'rate',
] as const satisfies readonly (keyof StepTaskOptions)[]

function copyOption<K extends keyof StepTaskOptions>(
  key: K,
  from: StepTaskOptions,
  to: StepTaskOptions,
): void {
  const value = from[key]
  if (value !== undefined) to[key] = value
}

/** In the place of a tool that is not there any more; a task of it is refused. */
function lostTool(name: string): ToolDescriptor {
  return {
    name,
    category: '',
    title: name,
    description: '',
    effects: { repeat: 'once', reach: [] },
    platforms: [],
    inline_max_bytes: 0,
    input_schema: { type: 'object' },
    output_schema: {},
    interface_cid: '',
    code_cid: '',
    module: '',
  }
}

/** ISO 8601 with a date, a time and a zone. */
function isTime(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  )
}
