import { z } from 'zod'
import type { Json, JsonObject } from '../tools/tool.ts'

/** Whether a value that is JSON already (it came from `JSON.parse`, or was built as such) is an object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A JSON object in a schema; not walked, as what arrives was parsed from JSON. */
export const jsonObject = z.custom<JsonObject>(isJsonObject, 'an object').meta({ type: 'object' })

/** Any JSON value in a schema; not walked. */
export const jsonValue = z.custom<Json>(value => value !== undefined, 'a JSON value')
