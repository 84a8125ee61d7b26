import { InvalidInputError } from '../../errors.ts'
import type { Json, JsonSchema } from '../../tools/tool.ts'
import { validateAgainst } from '../../tools/validate.ts'
import { comparisons } from './check-cost.ts'
import { MAX_COMPARISONS, MAX_DEPTH } from './limits.ts'
import { notJson } from './plain-json.ts'

/**
 * Checks what a client gives a workflow: an input, the payload of a signal. Throws `invalid_input` for what cannot be
 * kept as JSON, does not fit the schema, or takes too long to be held against it.
 * @param schema that `jsonSchemaFault` found right; undefined: anything
 * @param field JSON Pointer of it in its request
 */
export function checkGiven(given: Json, schema: JsonSchema | undefined, field: string): void {
  const odd = notJson(given, MAX_DEPTH)
  if (odd !== undefined) throw new InvalidInputError(field + odd.path, given, odd.allowed)
  if (schema === undefined) return
  if (comparisons(schema, given, MAX_COMPARISONS) > MAX_COMPARISONS) {
    const allowed = `what takes at most ${MAX_COMPARISONS} comparisons with its JSON Schema: fewer values, or a simpler schema`
    throw new InvalidInputError(field, given, allowed)
  }
  try {
    validateAgainst(schema, given, '')
  } catch (error) {
    if (!(error instanceof InvalidInputError))
      throw new InvalidInputError(field, given, `a JSON Schema that can be used (${String(error)})`)
    const { field: below = '', value, allowed = 'a value that fits' } = error.details
    throw new InvalidInputError(field + below, value, allowed)
  }
}
