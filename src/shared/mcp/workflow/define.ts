import { z } from 'zod'
import type { Principal } from '../../authority/principal.ts'
import { DEFINITION_SCHEMA } from '../../workflow/definition/parse.ts'
import { DefinitionNotFoundError, DefinitionTakenError } from '../../workflow/errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { jsonObject } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { definitionSummary, definitionSummarySchema } from './definition-view.ts'
import type { WorkflowsPort } from './workflows-port.ts'

type Port = Pick<WorkflowsPort, 'define' | 'definition'>

export function defineTool(workflows: Port): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_define',
    category: 'p2p_workflow',
    title: 'Keep a workflow definition',
    description:
      'Checks a definition and keeps it under its name and a version, to be started by p2p_workflow_submit {"workflow": {"name": …}} or a schedule, or used as a step of others. A version never changes: the same one with another definition is a `conflict`, as is a name that is somebody else\'s. What is wrong with it is told all at once in `faults`.',
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    input: z.strictObject({
      definition: jsonObject.meta({ ...DEFINITION_SCHEMA, description: 'The definition.' }),
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
      await ensureOwnName(workflows, given.name ?? given.definition.name, principal)
      return definitionSummary(await workflows.define(principal.id, given))
    },
  })
}

/**
 * A name belongs to who keeps its latest version, and to admins: what others start by it would be somebody's else from
 * then on. Throws `conflict`.
 */
async function ensureOwnName(workflows: Port, name: unknown, principal: Principal): Promise<void> {
  if (typeof name !== 'string' || principal.roles.has('admin')) return
  try {
    const latest = await workflows.definition(name)
    if (latest.principal !== principal.id) throw new DefinitionTakenError(name)
  } catch (error) {
    if (!(error instanceof DefinitionNotFoundError)) throw error
  }
}
