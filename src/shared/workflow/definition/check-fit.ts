import { InvalidInputError } from '../../errors.ts'
import type { Json, JsonObject, JsonSchema } from '../../tools/tool.ts'
import { validateAgainst } from '../../tools/validate.ts'
import { comparisons } from './check-cost.ts'
import type { StepDefinition, WorkflowDefinition } from './definition.ts'
import type { Faults } from './faults.ts'
import { formatPointer } from './json-pointer.ts'
import type { CompiledTemplate, OnErrorPlan, PlanStep, ReferenceNode, TemplateNode } from './plan.ts'
import { type Misfit, misfits } from './schema-fit.ts'
import {
  ANY,
  describeShape,
  either,
  itemShape,
  memberShape,
  NULL,
  ofSchema,
  type Shape,
  shapeAt,
  typesOfShape,
} from './shape.ts'
import { NOTHING } from './template.ts'

type Planned = Omit<PlanStep, 'dependents'>

export interface FitInit {
  definition: WorkflowDefinition
  /** By their indexes; undefined for those with a fault that leaves nothing to plan. */
  steps: readonly (Planned | undefined)[]
  faults: Faults
  /** Comparisons that are left for all of the definition: beyond them nothing is looked at. */
  budget: { left: number }
  /** JSON Pointer of the workflow. */
  at: string
}

/** What a failed step's error holds: see ErrorFacts. */
const ERROR_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    code: { type: 'string' },
    message: { type: 'string' },
    retryable: { type: 'boolean' },
    field: { type: 'string' },
    value: {},
    allowed: { type: 'string' },
    retry_after_ms: { type: 'number' },
    faults: { type: 'array' },
  },
  required: ['code', 'message', 'retryable'],
  additionalProperties: false,
}
const INDEX_SCHEMA: JsonSchema = { type: 'integer' }

/**
 * Says of each reference that leads nowhere, and of each input that certainly will not fit where it goes: by the schemas
 * of the tools and of the workflow's input, before anything runs.
 */
export class FitCheck {
  readonly #init: FitInit
  readonly #input: Shape
  readonly #outputs: (readonly Shape[] | undefined)[] = []

  constructor(init: FitInit) {
    this.#init = init
    this.#input = ofSchema(init.definition.input_schema)
  }

  /** @param output the workflow's */
  check(output: CompiledTemplate | undefined): void {
    const { steps, at } = this.#init
    for (const step of steps) if (step !== undefined) this.#step(step, `${at}/steps/${step.index}`)
    if (output !== undefined) this.#shapeOf(output, `${at}/output`, { mayLack: true })
  }

  #step(step: Planned, field: string): void {
    const scope: Scope = { mayLack: step.triggerRule !== 'all_succeeded' }
    const { work, when } = step
    if (when !== undefined) this.#shapeOf(when.template, `${field}/when`, scope)
    if (work.kind === 'task' || work.kind === 'workflow') {
      const item = work.forEach === undefined ? undefined : this.#item(work.forEach.items, field, scope)
      const inside: Scope = item === undefined ? scope : { ...scope, item }
      if (work.kind === 'task') this.#fit(work.params, `${field}/params`, work.tool.input_schema, inside)
      else {
        const schema = 'steps' in work.ref ? work.ref.input_schema : undefined
        this.#fit(work.input, `${field}/input`, schema ?? {}, inside)
      }
    }
    if (work.kind === 'until') this.#fit(work.until, `${field}/wait/until`, { type: 'string' }, scope)
    // What it refers to may not be there when it fails.
    this.#onError(step.onError, `${field}/on_error`, step.definition)
  }

  #onError(onError: OnErrorPlan, field: string, { on_error: given }: StepDefinition): void {
    const scope: Scope = { mayLack: true }
    if (onError.kind === 'run')
      this.#fit(onError.params, `${field}/run/params`, onError.tool.input_schema, scope)
    else if (onError.kind === 'continue' && typeof given === 'object')
      this.#shapeOf(onError.value, `${field}/continue`, scope)
  }

  /** Shape of an item of a `for_each`. */
  #item(items: CompiledTemplate, step: string, scope: Scope): Shape {
    const field = `${step}/for_each/items`
    const shape = this.#shapeOf(items, field, scope)
    if (typesOfShape(shape).has('array')) return itemShape(shape)
    const value = shape.kind === 'value' ? { value: shape.value } : {}
    const what = { path: [], problem: 'is', is: describeShape(shape), allowed: 'a list' } as const
    this.#say(field, { ...what, ...value, ...named(shape) }, shape)
    return ANY
  }

  #fit(template: CompiledTemplate, field: string, schema: JsonObject, scope: Scope): void {
    const shape = this.#shapeOf(template, field, scope)
    const found = misfits(shape, schema, this.#init.budget)
    for (const misfit of found) this.#say(field, misfit, shape)
    if (found.length === 0 && shape.kind === 'value') this.#validate(shape.value, field, schema)
  }

  /** What is known as a whole is held against all of the schema, as the tool will do it. */
  #validate(value: Json, field: string, schema: JsonSchema): void {
    const cost = comparisons(schema, value, this.#init.budget.left)
    if (cost > this.#init.budget.left) return
    this.#init.budget.left -= cost
    try {
      validateAgainst(schema, value, '')
    } catch (error) {
      // A schema that cannot be used is told of where a value is held against it.
      if (!(error instanceof InvalidInputError)) return
      const { field: below = '', value: given, allowed = 'an input that fits' } = error.details
      this.#init.faults.value(field + below, given, allowed)
    }
  }

  #say(field: string, { path, of, problem, is, value, allowed }: Misfit, shape: Shape): void {
    const { faults } = this.#init
    const at = field + formatPointer(path)
    if (of === undefined) {
      if (problem === 'is' && value === undefined && shape.kind !== 'value')
        faults.say(at, `this is ${is}, allowed: ${allowed}`, { allowed })
      else faults.value(at, value, allowed)
      return
    }
    const pointer = of.pointer + formatPointer(problem === 'is' ? of.path : of.path.slice(0, -1))
    const name = pointer === '' ? of.name : `${pointer} in ${of.name}`
    const text = { is: `is ${is}`, lacks: `has no ${is}`, has: `has ${is}` }[problem]
    faults.say(at, `${name} ${text}, allowed: ${allowed}`, { allowed })
  }

  #shapeOf({ node, source }: CompiledTemplate, field: string, scope: Scope): Shape {
    // A condition that is a bare text has no more to look into.
    return typeof source === 'string' && node.kind === 'expression' ? ANY : this.#shape(node, field, scope)
  }

  #shape(node: TemplateNode, field: string, scope: Scope): Shape {
    switch (node.kind) {
      case 'value':
        return node === NOTHING ? ANY : node
      case 'expression':
        return ANY
      case 'reference':
        return this.#reference(node, field, scope)
      case 'list':
        return {
          kind: 'list',
          parts: node.parts.map((part, at) => this.#shape(part, `${field}/${at}`, scope)),
        }
      case 'object': {
        const members = node.members.map(
          ([key, part]) => [key, this.#shape(part, field + formatPointer([key]), scope)] as const,
        )
        return { kind: 'object', members: new Map(members) }
      }
    }
  }

  #reference({ from, name, tokens }: ReferenceNode, field: string, scope: Scope): Shape {
    const pointer = formatPointer(tokens)
    const called = typeof from === 'number' ? `the output of ${name}` : NAMES[from]
    const whole = typeof from === 'number' ? this.#outputOf(from) : [this.#other(from, scope)]
    const found = whole.flatMap(shape =>
      // A step without an output is null at every path.
      typeof from === 'number' && shape === NULL ? shape : (shapeAt(shape, tokens) ?? []),
    )
    if (!found.some(shape => shape !== NULL) && whole.some(shape => shape !== NULL)) {
      this.#init.faults.say(`${field}/path`, `${called} has nothing at ${pointer}${hint(whole, tokens)}`, {
        value: pointer,
      })
      return ANY
    }
    if (typeof from === 'number' && scope.mayLack && !found.includes(NULL)) found.push(NULL)
    return { kind: 'named', name: called, pointer, shape: either(found) }
  }

  #other(from: 'input' | 'item' | 'index' | 'error', { item = ANY }: Scope): Shape {
    if (from === 'input') return this.#input
    if (from === 'item') return item
    return ofSchema(from === 'index' ? INDEX_SCHEMA : ERROR_SCHEMA)
  }

  /** What a step may give; NULL among it where it may fail and go on. */
  #outputOf(index: number): readonly Shape[] {
    let shapes = this.#outputs[index]
    if (shapes === undefined) {
      const step = this.#init.steps[index]
      shapes = step === undefined ? [ANY] : outputsOf(step)
      this.#outputs[index] = shapes
    }
    return shapes
  }
}

interface Scope {
  item?: Shape
  /** What it refers to may have no output. */
  mayLack: boolean
}

const NAMES = {
  input: "the workflow's input",
  item: 'the item',
  index: 'the index',
  error: 'the error',
} as const

function outputsOf({ work, onError }: Planned): readonly Shape[] {
  const shapes = [workOutput(work)]
  if (onError.kind === 'continue') {
    const { constant } = onError.value
    shapes.push(
      constant === undefined
        ? ANY
        : constant.value === null
          ? NULL
          : { kind: 'value', value: constant.value },
    )
  }
  if (onError.kind === 'run' && onError.then === 'continue') shapes.push(ofSchema(onError.tool.output_schema))
  return shapes
}

function workOutput(work: PlanStep['work']): Shape {
  if (work.kind === 'signal') return ofSchema(work.schema)
  if (work.kind !== 'task' && work.kind !== 'workflow') return ANY
  const one = work.kind === 'task' ? ofSchema(work.tool.output_schema) : ANY
  if (work.forEach === undefined) return one
  return { kind: 'list_of', of: work.forEach.max_failed > 0 ? either([one, NULL]) : one }
}

/** How far the pointer leads, and what is there. */
function hint(shapes: readonly Shape[], tokens: readonly string[]): string {
  const shape = either(shapes.filter(each => each !== NULL))
  let at = shape
  let led = 0
  for (const token of tokens) {
    const next = memberShape(at, token)
    if (next === undefined) break
    at = next
    led += 1
  }
  const where = led === 0 ? 'it' : formatPointer(tokens.slice(0, led))
  return `: ${where} is ${describeShape(at)}${keysOf(at)}`
}

function keysOf(shape: Shape): string {
  if (shape.kind !== 'schema') return ''
  const { node } = shape.part
  const properties = typeof node === 'object' && node !== null ? Reflect.get(node, 'properties') : undefined
  const keys = typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
  return keys.length === 0 ? '' : ` with ${keys.slice(0, 20).join(', ')}`
}

function named(shape: Shape): Pick<Misfit, 'of'> {
  return shape.kind === 'named' ? { of: { name: shape.name, pointer: shape.pointer, path: [] } } : {}
}
