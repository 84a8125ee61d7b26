import type { Json, JsonObject } from '../../tools/tool.ts'
import type { Evaluate } from '../ports.ts'
import { readPointer } from './json-pointer.ts'
import type { CompiledTemplate, ExpressionNode, ReferenceNode, TemplateNode } from './plan.ts'

/** What templates refer to, as far as `needs` names it. Nothing of it is copied or changed: what comes out shares it. */
export interface TemplateValues {
  input?: Json
  /** The output of a step by its index; null where it has none. */
  steps(index: number): Json
  item?: Json
  index?: number
  error?: Json
}

/**
 * What a template stands for; at once where no expression is in it. Throws or rejects with `invalid_input`: a reference
 * leads to nothing, an expression fails; and with what else `evaluate` rejects with. A step without an output is null,
 * at every path.
 */
export function resolve(
  template: CompiledTemplate,
  values: TemplateValues,
  evaluate: Evaluate,
  signal: AbortSignal,
): Json | Promise<Json> {
  if (template.constant !== undefined) return template.constant.value
  const { node, expressions } = template
  if (expressions.length === 0) return build(node, values, NO_RESULTS)
  return evaluateAll(expressions, values, evaluate, signal).then(results => build(node, values, results))
}

/** JSONata's `$boolean`: what a condition is. */
export function truthy(value: Json): boolean {
  if (Array.isArray(value)) return value.some(truthy)
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

type Results = ReadonlyMap<ExpressionNode, Json>
const NO_RESULTS: Results = new Map()

async function evaluateAll(
  expressions: readonly ExpressionNode[],
  values: TemplateValues,
  evaluate: Evaluate,
  signal: AbortSignal,
): Promise<Results> {
  const results = await Promise.all(
    expressions.map(async node => [node, await evaluate(node.text, dataOf(node, values), signal)] as const),
  )
  return new Map(results)
}

/** Holds what the expression names, so that no more is copied to where it is evaluated. */
function dataOf({ input, item, index, error, steps }: ExpressionNode, values: TemplateValues): Json {
  const data: JsonObject = {}
  if (input) data.input = values.input ?? null
  if (item) data.item = values.item ?? null
  if (index) data.index = values.index ?? null
  if (error) data.error = values.error ?? null
  if (steps.length > 0)
    data.steps = Object.fromEntries(steps.map(step => [step.id, values.steps(step.index)]))
  return data
}

function build(node: TemplateNode, values: TemplateValues, results: Results): Json {
  switch (node.kind) {
    case 'value':
      return node.value
    case 'reference':
      return follow(node, values)
    case 'expression':
      return results.get(node) ?? null
    case 'list':
      return node.parts.map(part => build(part, values, results))
    case 'object':
      // fromEntries defines properties: a key that is `__proto__` is one like any other.
      return Object.fromEntries(node.members.map(([key, part]) => [key, build(part, values, results)]))
  }
}

function follow({ from, name, tokens }: ReferenceNode, values: TemplateValues): Json {
  if (typeof from !== 'number') return readPointer(values[from] ?? null, tokens, NAMES[from])
  const output = values.steps(from)
  return output === null ? null : readPointer(output, tokens, `the output of ${name}`)
}

const NAMES = {
  input: "the workflow's input",
  item: 'the item',
  index: 'the index',
  error: 'the error',
} as const
