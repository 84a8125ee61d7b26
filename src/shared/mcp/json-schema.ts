import { z } from 'zod'
import type { JsonSchema } from '../tools/tool.ts'
import { isJsonObject } from './json-object.ts'

/** A zod schema as JSON Schema 2020-12: what may be put in (`input`), or what comes out (`output`). */
export function jsonSchemaOf(schema: z.ZodObject, io: 'input' | 'output'): JsonSchema {
  const document: unknown = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' })
  if (!isJsonObject(document)) throw new TypeError('a JSON Schema is an object')
  return document
}
