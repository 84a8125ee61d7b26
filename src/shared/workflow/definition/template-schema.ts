import { z } from 'zod'
import type { Json, JsonObject, JsonSchema } from '../../tools/tool.ts'
import { jsonSchemaFault } from './json-schema-fault.ts'
import { MAX_EXPRESSION_CHARS } from './limits.ts'
import { oneOf } from './one-of.ts'

export const template = z
  .custom<Json>(value => value !== undefined, 'a value')
  .describe(
    'A template: JSON in which {"$from": "<step id>" or "input", "path"?: "<JSON Pointer>"} stands for an output or a part of it, {"$expr": "<JSONata>"} for what an expression over {input, steps: {<id>: output}} gives, and {"$literal": …} for a value as it is. In a for_each also `item` and `index`, in on_error also `error`.',
  )

/** A template that gives an object: the input of a tool. */
export const params = z.custom<JsonObject>(isObject, 'an object').meta({
  type: 'object',
  description:
    'The tool\'s input, {} unless given. Any part of it may be {"$from": "<step id>" or "input", "path"?: "<JSON Pointer>"} or {"$expr": "<JSONata over {input, steps: {<id>: output}}>"}, in a for_each also with `item` and `index`; texts are taken as they are.',
})

export const condition = oneOf(
  {
    expression: z.string().min(1).max(MAX_EXPRESSION_CHARS),
    template: z.custom<JsonObject>(isObject).meta({ type: 'object' }),
  },
  value => {
    if (typeof value === 'string') return 'expression'
    return isObject(value) && (Object.hasOwn(value, '$from') || Object.hasOwn(value, '$expr'))
      ? 'template'
      : undefined
  },
  'a JSONata expression, or {"$from": …}',
)

export const jsonSchema = z
  .custom<JsonSchema>(isObject, { error: 'a JSON Schema: an object', abort: true })
  .superRefine((schema, context) => {
    const fault = jsonSchemaFault(schema)
    if (fault !== undefined)
      context.addIssue({ code: 'custom', message: fault.allowed, path: [...fault.path] })
  })
  .meta({ type: 'object' })

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
