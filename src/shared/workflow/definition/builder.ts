/**
 * Writes workflow definitions in TypeScript: references are values with types, so that a step that is not there, or a
 * part that an output does not have, is a mistake that the compiler finds.
 *
 * @example
 * const flow = workflow<{ text: string }>('digest')
 * const chunks = flow.step<{ chunks: string[] }>('chunks', 'text_chunk', { text: flow.input.at('/text') })
 * const counts = flow.forEach<string, { count: number }>('counts', chunks.at('/chunks'), text => ({
 *   tool: 'text_token_count',
 *   params: { text },
 * }))
 * flow.output({ tokens: expr`$sum(${counts}.count)` })
 * const definition = flow.build()
 */
import type { ErrorFacts } from '../../errors.ts'
import type { JsonObject, JsonSchema } from '../../tools/tool.ts'
import type { ForEach, StepTaskOptions, TriggerRule, WorkflowDefinition } from './definition.ts'
import { parseDefinition } from './parse.ts'
import { Expression, Reference, type Templated, templateOf } from './reference.ts'

export { Expression, expr, Reference, type Templated } from './reference.ts'

/** The error of a failed step, in its `on_error`. */
export const error: Reference<ErrorFacts> = new Reference('error')

export interface WorkflowOptions {
  description?: string
  /** JSON Schema of the input. */
  input?: JsonSchema
  /** Milliseconds for all of it. */
  timeout_ms?: number
  /** For each tool step that does not say otherwise. */
  defaults?: StepTaskOptions
}

/** What every step may be given; see `StepDefinition`. */
export interface StepOptions {
  title?: string
  /** Steps that have to end first, beside those that it refers to. */
  depends_on?: readonly ({ readonly id: string } | string)[]
  when?: Expression | Reference
  trigger_rule?: TriggerRule
  on_error?: OnErrorOption
  timeout_ms?: number
}

export type OnErrorOption =
  | 'fail'
  | 'skip'
  | 'continue'
  | { continue: unknown }
  | { run: { tool: string; params?: object } & StepTaskOptions; then?: 'fail' | 'skip' | 'continue' }

export interface ToolStepOptions extends StepOptions, StepTaskOptions {
  cache?: boolean
}

export type ForEachOptions = Omit<ForEach, 'items'>

/** A step as a reference to its output. */
export class Step<O = unknown> extends Reference<O> {
  readonly id: string

  constructor(id: string) {
    super(id)
    this.id = id
  }
}

/** Begins a workflow whose input has type I. */
export function workflow<I = unknown>(name: string, options: WorkflowOptions = {}): WorkflowBuilder<I> {
  return new WorkflowBuilder(name, options)
}

export class WorkflowBuilder<I = unknown> {
  readonly #name: string
  readonly #options: WorkflowOptions
  readonly #steps = new Map<string, JsonObject>()
  #output: unknown
  /** The workflow's input. */
  readonly input = new Reference<I>('input')

  constructor(name: string, options: WorkflowOptions) {
    this.#name = name
    this.#options = options
  }

  /** Runs a tool, whose input has type In and whose output has type Out. */
  step<Out = unknown, In extends object = JsonObject>(
    id: string,
    tool: string,
    params: Templated<In>,
    options: ToolStepOptions = {},
  ): Step<Out> {
    return this.#add(id, { tool, params: templateOf(params) }, options)
  }

  /** Runs a tool once for each item of a list; gives the list of outputs. */
  forEach<Item = unknown, Out = unknown>(
    id: string,
    items: Templated<readonly Item[]> | Reference<Item[]>,
    each: (
      item: Reference<Item>,
      index: Reference<number>,
    ) => { tool: string; params: object } & ToolStepOptions,
    options: ForEachOptions = {},
  ): Step<Out[]> {
    const { tool, params, ...rest } = each(new Reference('item'), new Reference('index'))
    const for_each = { items: templateOf(items), ...options }
    return this.#add(id, { tool, params: templateOf(params), for_each }, rest)
  }

  /** Runs a workflow: one that is built or written here, or a stored one by its name. */
  workflow<Out = unknown, In = unknown>(
    id: string,
    run: WorkflowBuilder<In> | WorkflowDefinition | { name: string; version?: string },
    input: Templated<In>,
    options: StepOptions & { for_each?: ForEachOptions & { items: unknown } } = {},
  ): Step<Out> {
    const { for_each, ...rest } = options
    const inner = run instanceof WorkflowBuilder ? run.build() : run
    const each =
      for_each === undefined ? {} : { for_each: { ...for_each, items: templateOf(for_each.items) } }
    return this.#add(id, { workflow: inner, input: templateOf(input), ...each }, rest)
  }

  /** Waits, milliseconds. */
  wait(id: string, ms: number, options: StepOptions = {}): Step<null> {
    return this.#add(id, { wait: { ms } }, options)
  }

  /** Waits until a time, ISO 8601. */
  waitUntil(id: string, until: Templated<string>, options: StepOptions = {}): Step<null> {
    return this.#add(id, { wait: { until: templateOf(until) } }, options)
  }

  /** Waits for a signal; gives its payload. */
  waitFor<Payload = unknown>(
    id: string,
    signal: string,
    { message, schema, ...options }: StepOptions & { message?: string; schema?: JsonSchema } = {},
  ): Step<Payload> {
    const asked = {
      ...(message === undefined ? {} : { message }),
      ...(schema === undefined ? {} : { schema }),
    }
    return this.#add(id, { wait: { signal, ...asked } }, options)
  }

  /** What the workflow gives, instead of the outputs of the steps that nothing depends on. */
  output(value: unknown): this {
    this.#output = value
    return this
  }

  /** Throws InvalidDefinitionError with every field that is not as it has to be. */
  build(): WorkflowDefinition {
    const { input, ...options } = this.#options
    return parseDefinition({
      name: this.#name,
      ...present(options),
      ...(input === undefined ? {} : { input_schema: input }),
      steps: [...this.#steps.values()],
      ...(this.#output === undefined ? {} : { output: templateOf(this.#output) }),
    })
  }

  /** So that `JSON.stringify` gives the definition. */
  toJSON(): WorkflowDefinition {
    return this.build()
  }

  #add<O>(id: string, what: object, options: StepOptions): Step<O> {
    if (this.#steps.has(id)) throw new TypeError(`there is a step ${id} already`)
    const { depends_on, when, on_error, ...rest } = options
    const step: Record<string, unknown> = { id, ...what, ...present(rest) }
    if (depends_on !== undefined)
      step.depends_on = depends_on.map(on => (typeof on === 'string' ? on : on.id))
    if (when !== undefined) step.when = when instanceof Expression ? when.text : when.toJSON()
    if (on_error !== undefined) step.on_error = onErrorOf(on_error)
    this.#steps.set(id, step as JsonObject)
    return new Step(id)
  }
}

function onErrorOf(option: OnErrorOption): unknown {
  if (typeof option === 'string') return option
  if ('continue' in option) return { continue: templateOf(option.continue) }
  const { params, ...task } = option.run
  const run = params === undefined ? task : { ...task, params: templateOf(params) }
  return { ...present(option), run }
}

function present(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
