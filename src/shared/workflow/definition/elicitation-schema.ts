import { z } from 'zod'
import { strictObject } from './strict-object.ts'

const words = { title: z.string().exactOptional(), description: z.string().exactOptional() }
const count = z.int().min(0).exactOptional()
const choice = strictObject({ const: z.string(), title: z.string() })

const text = strictObject({
  type: z.literal('string'),
  ...words,
  minLength: count,
  maxLength: count,
  format: z.enum(['email', 'uri', 'date', 'date-time']).exactOptional(),
  default: z.string().exactOptional(),
})

const number = strictObject({
  type: z.enum(['number', 'integer']),
  ...words,
  minimum: z.number().exactOptional(),
  maximum: z.number().exactOptional(),
  default: z.number().exactOptional(),
})

const yesOrNo = strictObject({
  type: z.literal('boolean'),
  ...words,
  default: z.boolean().exactOptional(),
})

const oneText = strictObject({
  type: z.literal('string'),
  ...words,
  enum: z.array(z.string()).min(1).exactOptional(),
  enumNames: z.array(z.string()).exactOptional(),
  oneOf: z.array(choice).min(1).exactOptional(),
  default: z.string().exactOptional(),
})

const someTexts = strictObject({
  type: z.literal('array'),
  ...words,
  minItems: count,
  maxItems: count,
  items: strictObject({
    type: z.literal('string').exactOptional(),
    enum: z.array(z.string()).min(1).exactOptional(),
    anyOf: z.array(choice).min(1).exactOptional(),
  }),
  default: z.array(z.string()).exactOptional(),
})

const FIELDS: Readonly<Record<string, z.ZodType>> = {
  string: text,
  number,
  integer: number,
  boolean: yesOrNo,
  array: someTexts,
}

/**
 * The schema of a field that a person can be asked for by MCP elicitation (revision 2025-11-25, "Requested Schema"), by
 * what the field says it is; undefined for a field of no such kind.
 */
export function elicitationField(field: unknown): z.ZodType | undefined {
  const type: unknown = Object(field).type
  if (type === 'string' && (Object.hasOwn(Object(field), 'enum') || Object.hasOwn(Object(field), 'oneOf')))
    return oneText
  return typeof type === 'string' && Object.hasOwn(FIELDS, type) ? FIELDS[type] : undefined
}

export const ELICITATION_FIELD =
  'a plain field (MCP elicitation): {"type": "string", "number", "integer" or "boolean"}, a string with `enum`, or an array of strings with `enum` in `items`'
