import { z } from 'zod'
import { allowedByZod } from '../../tools/allowed-by-zod.ts'
import type { JsonSchema } from '../../tools/tool.ts'
import type { WorkflowDefinition } from './definition.ts'
import { definitionSchema } from './definition-schema.ts'
import { Faults } from './faults.ts'
import { formatPointer } from './json-pointer.ts'
import { MAX_DEPTH } from './limits.ts'
import { notJson } from './plain-json.ts'
import { isObject } from './template-schema.ts'

/** The JSON Schema of a definition, for whoever writes one. */
export const DEFINITION_SCHEMA: JsonSchema = jsonSchema()

/**
 * A definition from what somebody sent. Throws InvalidDefinitionError with every field that is not as it has to be;
 * what they make together is for `compile` to look at.
 * @param at JSON Pointer of the definition in its request, put before the field of every fault
 */
export function parseDefinition(value: unknown, at = ''): WorkflowDefinition {
  const faults = new Faults(at)
  const odd = notJson(value, MAX_DEPTH)
  if (odd !== undefined) faults.say(odd.path, `allowed: ${odd.allowed}`, { allowed: odd.allowed })
  // Nothing looks at what could be endless.
  faults.throwIfAny()

  const parsed = definitionSchema.safeParse(value, { error: allowedByZod })
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) sayIssue(faults, issue, value)
  faults.throwIfAny()
  throw new TypeError('a definition that was refused has a fault')
}

function sayIssue(faults: Faults, issue: z.core.$ZodIssue, root: unknown): void {
  if (issue.code !== 'unrecognized_keys') {
    sayValue(faults, issue.path, root, issue.message)
    return
  }
  const lines = issue.message.split('\n')
  for (const [at, key] of issue.keys.entries())
    sayValue(faults, [...issue.path, key], root, lines[at] ?? 'nothing')
}

function sayValue(faults: Faults, path: readonly PropertyKey[], root: unknown, allowed: string): void {
  const value = path.reduce<unknown>(
    (at, key) =>
      Object(at) === at && Object.hasOwn(Object(at), key) ? Reflect.get(Object(at), key) : undefined,
    root,
  )
  faults.value(formatPointer(path.map(String)), value, allowed)
}

function jsonSchema(): JsonSchema {
  const document: unknown = z.toJSONSchema(definitionSchema, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
  })
  if (!isObject(document)) throw new TypeError('a JSON Schema is an object')
  const { $schema: _, ...schema } = document
  return schema
}
