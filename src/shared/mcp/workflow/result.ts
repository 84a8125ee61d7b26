import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { errorFacts } from '../error-facts.ts'
import { jsonValue } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { resultAsking } from './result-asking.ts'
import { mayChange, visibleWorkflow } from './workflow-access.ts'
import { waitingStepSchema, workflowId, workflowState } from './workflow-schemas.ts'
import { waitingStepView } from './workflow-view.ts'
import type { WorkflowsPort } from './workflows-port.ts'

export function resultTool(
  workflows: Pick<WorkflowsPort, 'head' | 'result' | 'signal' | 'onChange'>,
): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_workflow_result',
    category: 'p2p_workflow',
    title: 'Get the result of a workflow',
    description:
      "The workflow's state and, once it has ended, its result or error; until then `waiting_for` names the steps that wait for a time or a signal. With wait_ms the answer comes when it ends, or after that time. With wait_ms and a client that supports elicitation, its user is asked what a waiting step asks, and the answer is the signal.",
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      workflow_id: workflowId,
      wait_ms: z
        .int()
        .min(0)
        .default(0)
        .describe('Milliseconds to wait for the end; one call waits at most 50,000 of them: ask again.'),
    }),
    output: z.object({
      workflow_id: z.string(),
      state: workflowState,
      result: jsonValue.exactOptional().describe('Its output, of a workflow that succeeded.'),
      error: errorFacts.exactOptional().describe('Why it ended otherwise.'),
      failed_steps: z.int().describe('Failed steps that did not fail it.'),
      waiting_for: z
        .array(waitingStepSchema)
        .exactOptional()
        .describe('Steps that wait for a time, or for a signal: p2p_workflow_signal gives it.'),
    }),
    async run({ workflow_id, wait_ms }, { principal, signal, elicit }) {
      const head = await visibleWorkflow(workflows.head(workflow_id), principal)
      const asks = wait_ms > 0 && elicit !== undefined && mayChange(principal, head)
      const { waiting_for, ...outcome } = asks
        ? await resultAsking(workflows, workflow_id, { wait_ms, signal, elicit, by: principal.id })
        : await workflows.result(workflow_id, wait_ms > 0 ? { wait_ms, signal } : { signal })
      return {
        ...outcome,
        ...(waiting_for === undefined ? {} : { waiting_for: waiting_for.map(waitingStepView) }),
      }
    },
  })
}
