import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { toDot, toMermaid } from '../../workflow/definition/drawing.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { dagView, readDag } from './dag-view.ts'
import { visibleWorkflow } from './workflow-access.ts'
import { dagSchema, workflowId } from './workflow-schemas.ts'
import type { WorkflowsPort } from './workflows-port.ts'

/** Steps of a drawing unless it asks for another number: what can still be looked at. */
const DEFAULT_STEPS = 300
const MAX_STEPS = 2_000

export function getDagTool(
  workflows: Pick<WorkflowsPort, 'head' | 'plan' | 'steps'>,
  clock: Pick<Clock, 'now'>,
): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_get_dag',
    category: 'p2p_workflow',
    title: 'Graph of a workflow',
    description:
      'The graph of a workflow with the state and time of each step and the critical path, the chain that took longest so far: as JSON (nodes, edges), or drawn as a Mermaid flowchart or in the DOT language of Graphviz.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      workflow_id: workflowId,
      format: z.enum(['json', 'mermaid', 'dot']).default('json'),
      limit: z
        .int()
        .min(1)
        .max(MAX_STEPS)
        .default(DEFAULT_STEPS)
        .describe('Most steps that are shown, the first ones in the order in which they run.'),
    }),
    output: dagSchema
      .partial({ nodes: true, edges: true })
      .extend({ text: z.string().exactOptional().describe('The drawing, instead of nodes and edges.') })
      .meta({ anyOf: [{ required: ['nodes', 'edges'] }, { required: ['text'] }] }),
    async run({ workflow_id, format, limit }, { principal }) {
      const head = await visibleWorkflow(workflows.head(workflow_id), principal)
      const now = clock.now()
      const dag = await readDag(workflows, workflow_id, { limit, now })
      const view = dagView(head, dag, now)
      if (format === 'json') return view
      const { nodes: _nodes, edges: _edges, ...rest } = view
      const options = { stateOf: dag.stateOf, critical: dag.critical.steps, maxSteps: limit }
      return { ...rest, text: format === 'dot' ? toDot(dag.plan, options) : toMermaid(dag.plan, options) }
    },
  })
}
