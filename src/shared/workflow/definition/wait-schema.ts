import { z } from 'zod'
import { MAX_DURATION_MS } from '../../queue/requests/task-options.ts'
import type { JsonSchema } from '../../tools/tool.ts'
import { ELICITATION_FIELD, elicitationField } from './elicitation-schema.ts'
import { oneOf, onlyKey } from './one-of.ts'
import { strictObject } from './strict-object.ts'
import { isObject, jsonSchema, template } from './template-schema.ts'

/** What a step waits for. */
export const wait = oneOf(
  {
    ms: strictObject({ ms: z.int().min(0).max(MAX_DURATION_MS).describe('Milliseconds.') }),
    until: strictObject({ until: template.describe('A template that gives a time, ISO 8601.') }),
    signal: strictObject({
      signal: z
        .string()
        .min(1)
        .max(128)
        .describe(
          'Its name. Somebody gives it by p2p_workflow_signal; its payload is the output of the step.',
        ),
      message: z
        .string()
        .max(2_000)
        .exactOptional()
        .describe('What a person is asked: in the dashboard, or by a client that supports elicitation.'),
      schema: jsonSchema
        .superRefine(refuseWhatCannotBeAsked)
        .exactOptional()
        .describe(
          'JSON Schema of the payload: an object of plain fields, which become the form that the person fills.',
        ),
    }),
  },
  value => onlyKey(value, ['ms', 'until', 'signal']),
  'exactly one of {"ms": …}, {"until": …} and {"signal": …}',
)

const ROOT_KEYWORDS = [
  '$schema',
  'type',
  'properties',
  'required',
  'title',
  'description',
  'additionalProperties',
]

/** MCP elicitation takes a subset of JSON Schema: a form that any client can show. */
function refuseWhatCannotBeAsked(schema: JsonSchema, context: z.core.$RefinementCtx<JsonSchema>): void {
  const wrong = (path: string[], allowed: string) =>
    context.addIssue({ code: 'custom', message: allowed, path })
  if (schema.type !== 'object') wrong(['type'], '"object"')
  for (const keyword of Object.keys(schema))
    if (!ROOT_KEYWORDS.includes(keyword))
      wrong([keyword], 'only type, properties and required (MCP elicitation)')
  if (!isObject(schema.properties)) {
    wrong(['properties'], 'an object of plain fields')
    return
  }
  for (const [name, field] of Object.entries(schema.properties)) {
    if (elicitationField(field)?.safeParse(field).success !== true)
      wrong(['properties', name], ELICITATION_FIELD)
  }
}
