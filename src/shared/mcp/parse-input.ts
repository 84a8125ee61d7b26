import type { z } from 'zod'
import { InvalidInputError } from '../errors.ts'
import { allowedByZod } from '../tools/allowed-by-zod.ts'

/**
 * Parses what came from outside. Throws `invalid_input` for the first thing that does not fit, with its field
 * as a JSON Pointer, so that a caller can put exactly that right.
 */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value, { error: allowedByZod })
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw issue === undefined
    ? new InvalidInputError('', value, 'what the schema says')
    : invalidInput(issue, schema, value)
}

function invalidInput(issue: z.core.$ZodIssue, schema: z.ZodType, root: unknown): InvalidInputError {
  if (issue.code === 'unrecognized_keys') {
    const path = [...issue.path, issue.keys[0] ?? '']
    const known = issue.path.length === 0 ? propertiesOf(schema) : []
    const allowed = known.length === 0 ? 'no such parameter' : `the parameters ${known.join(', ')}`
    return new InvalidInputError(pointer(path), valueAt(root, path), allowed)
  }
  return new InvalidInputError(pointer(issue.path), valueAt(root, issue.path), issue.message)
}

function propertiesOf(schema: z.ZodType): string[] {
  return 'shape' in schema && typeof schema.shape === 'object' && schema.shape !== null
    ? Object.keys(schema.shape)
    : []
}

/** RFC 6901. */
function pointer(path: readonly PropertyKey[]): string {
  return path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, part)
  }
  return value
}
