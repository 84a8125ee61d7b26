import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { jsonObject } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { definitionSummary, definitionSummarySchema } from './definition-view.ts'
import type { WorkflowsPort } from './workflows-port.ts'

/** Entries of a page unless it asks for another number. */
const DEFAULT_PAGE = 50
const MAX_PAGE = 200

export function definitionsTool(workflows: Pick<WorkflowsPort, 'definition' | 'definitions'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_definitions',
    category: 'p2p_workflow',
    title: 'Kept workflow definitions',
    description:
      'The definitions that p2p_workflow_define keeps, by name and version, in pages; {name, whole: true} answers one of them with its steps (the latest, or `version`).',
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      name: z.string().min(1).max(64).exactOptional().describe('Only versions of this name.'),
      version: z.string().min(1).max(64).exactOptional().describe('With `whole`: not the latest.'),
      whole: z.boolean().default(false).describe('One definition with its steps, by `name`.'),
      after: z
        .strictObject({ name: z.string().max(64), version: z.string().max(64) })
        .exactOptional()
        .describe('`next_after` of the page before.'),
      limit: z.int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).describe('Most definitions on a page.'),
    }),
    output: z
      .object({
        definitions: z.array(definitionSummarySchema).exactOptional(),
        next_after: z
          .object({ name: z.string(), version: z.string() })
          .exactOptional()
          .describe('There are more: ask again with this `after`.'),
        ...definitionSummarySchema.partial().shape,
        definition: jsonObject.exactOptional().describe('In answer to `whole`.'),
      })
      .meta({ anyOf: [{ required: ['definitions'] }, { required: ['name', 'version', 'definition'] }] }),
    async run({ whole, name, version, after, limit }) {
      if (whole) {
        if (name === undefined)
          throw new InvalidInputError('/name', undefined, 'a name, as `whole` is of one')
        const stored = await workflows.definition(name, version)
        return { ...definitionSummary(stored), definition: stored.definition }
      }
      if (version !== undefined) throw new InvalidInputError('/version', version, 'only with `whole`')
      const found = await workflows.definitions({
        limit: limit + 1,
        ...(name === undefined ? {} : { name }),
        ...(after === undefined ? {} : { after }),
      })
      const shown = found.slice(0, limit)
      const last = shown.at(-1)
      return {
        definitions: shown.map(definitionSummary),
        ...(found.length > limit && last !== undefined
          ? { next_after: { name: last.name, version: last.version } }
          : {}),
      }
    },
  })
}
