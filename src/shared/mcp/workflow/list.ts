import { z } from 'zod'
import { WORKFLOW_STATES } from '../../workflow/workflow.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { seesAll } from '../taskqueue/task-access.ts'
import { labels } from '../taskqueue/task-options.ts'
import { visibleWorkflow } from './workflow-access.ts'
import { workflowId, workflowState, workflowSummarySchema } from './workflow-schemas.ts'
import { workflowSummary } from './workflow-view.ts'
import type { WorkflowsPort } from './workflows-port.ts'

/** Entries of a page unless it asks for another number: what fits a screen. */
const DEFAULT_PAGE = 50
const MAX_PAGE = 200

export function listTool(workflows: Pick<WorkflowsPort, 'head' | 'list' | 'counts'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_list',
    category: 'p2p_workflow',
    title: 'List workflows',
    description:
      'Workflows without their steps, newest first, in pages; all filters must match. Children of another one are listed only by `parent`. A caller that may only submit sees its own.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      state: z
        .union([workflowState, z.array(workflowState).min(1).max(WORKFLOW_STATES.length)])
        .exactOptional()
        .describe('Only workflows in this state, or these.'),
      name: z.string().min(1).max(64).exactOptional().describe('Only workflows of this name.'),
      labels: labels.describe('Only workflows with all of these labels.'),
      parent: workflowId.exactOptional().describe('Only the children of this workflow.'),
      order: z.enum(['newest', 'oldest']).default('newest').describe('Which come first.'),
      cursor: z
        .string()
        .max(1024)
        .exactOptional()
        .describe('`next_cursor` of the page before; all else as for that.'),
      limit: z.int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).describe('Most workflows on a page.'),
    }),
    output: z.object({
      workflows: z.array(workflowSummarySchema),
      next_cursor: z
        .string()
        .exactOptional()
        .describe('There may be more: ask again with this `cursor`, also after a page that is not full.'),
      counts: z
        .record(workflowState, z.int())
        .exactOptional()
        .describe('All workflows in each state, children too; only for a caller that sees all.'),
    }),
    async run({ state, ...request }, { principal }) {
      if (request.parent !== undefined) await visibleWorkflow(workflows.head(request.parent), principal)
      const all = seesAll(principal)
      const [{ workflows: heads, next_cursor }, counts] = await Promise.all([
        workflows.list({
          ...request,
          ...(state === undefined ? {} : { states: typeof state === 'string' ? [state] : state }),
          ...(all ? {} : { principal: principal.id }),
        }),
        all ? workflows.counts() : undefined,
      ])
      return {
        workflows: heads.map(workflowSummary),
        ...(next_cursor === undefined ? {} : { next_cursor }),
        ...(counts === undefined ? {} : { counts }),
      }
    },
  })
}
