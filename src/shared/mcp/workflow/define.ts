import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { jsonObject } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { definitionSummary, definitionSummarySchema } from './definition-view.ts'
import type { WorkflowsPort } from './workflows-port.ts'

export function defineTool(workflows: Pick<WorkflowsPort, 'define'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_define',
    category: 'p2p_workflow',
    title: 'Keep a workflow definition',
    description:
      'Checks a definition and keeps it under its name and a version, to be started by p2p_workflow_submit {"workflow": {"name": …}} and used as a step of others. A version never changes: the same one again with another definition is a `conflict`. What is wrong with it is told all at once in `faults`.',
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    input: z.strictObject({
      definition: jsonObject.describe('The definition: {name, steps, input_schema?, output?, …}.'),
      name: z.string().min(1).max(64).exactOptional().describe('Another name than its own.'),
      version: z
        .string()
        .min(1)
        .max(64)
        .exactOptional()
        .describe('As `2` or `1.4.0`; unless given, one more than the number of the latest.'),
    }),
    output: definitionSummarySchema,
    async run(given, { principal }) {
      return definitionSummary(await workflows.define(principal.id, given))
    },
  })
}
