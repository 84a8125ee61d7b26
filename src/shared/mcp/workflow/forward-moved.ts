import type { Principal } from '../../authority/principal.ts'
import { requireRole } from '../../authority/roles.ts'
import { ToolmeshError } from '../../errors.ts'
import { LinkLostError } from '../../queue/errors.ts'
import type { Json, JsonObject } from '../../tools/tool.ts'
import { WorkflowNotFoundError } from '../../workflow/errors.ts'
import type { WorkflowHead } from '../../workflow/workflow.ts'
import type { CallContext, SurfaceTool } from '../surface.ts'
import { sees } from '../taskqueue/task-access.ts'
import { mayChange } from './workflow-access.ts'

/** Milliseconds for the answer of another node, beside what the caller asked it to wait. */
const ANSWER_MS = 30_000

export interface MovedWorkflows {
  /** Throws `not_found`. */
  head(workflowId: string): Promise<WorkflowHead>
  /** Calls a tool of another node in this node's name. Rejects with `unavailable` when there is no session, or it ends. */
  call(
    peerId: string,
    tool: string,
    input: JsonObject,
    options: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Json>
}

/** What is asked of the node that has the workflow now; all else is answered here, from what is known of it here. */
const FORWARDED: Readonly<Record<string, 'sees' | 'changes'>> = {
  p2p_workflow_status: 'sees',
  p2p_workflow_result: 'sees',
  p2p_workflow_get_dag: 'sees',
  p2p_workflow_cancel: 'changes',
  p2p_workflow_signal: 'changes',
  p2p_workflow_reschedule: 'changes',
}

/**
 * The tools of workflows, each of which asks the node that a workflow was handed over to where it is not here any more. What a caller may do
 * is decided here first, as over there it is this node that asks. Throws `owner_unreachable` while that node cannot be reached.
 */
export function forwardMoved(tools: readonly SurfaceTool[], moved: MovedWorkflows): SurfaceTool[] {
  return tools.map(tool => ({
    ...tool,
    async call(input: JsonObject, context: CallContext) {
      const need = needOf(tool.name, input)
      const id = input.workflow_id
      if (need === undefined || typeof id !== 'string') return tool.call(input, context)
      const head = await moved.head(id)
      if (head.moved_to === undefined) return tool.call(input, context)
      ensure(need, context.principal, head)
      return ask(moved, head.moved_to, tool.name, input, context)
    },
  }))
}

type Need = 'sees' | 'changes' | 'admin'

function needOf(tool: string, input: JsonObject): Need | undefined {
  // Where it is, this node knows by itself; to take it back, the other one is asked.
  if (tool === 'p2p_workflow_coordinate') return input.to === undefined ? undefined : 'admin'
  return FORWARDED[tool]
}

function ensure(need: Need, principal: Principal, head: WorkflowHead): void {
  const may = need === 'changes' ? mayChange(principal, head) : sees(principal, head.principal)
  if (!may) throw new WorkflowNotFoundError(head.workflow_id)
  if (need === 'admin') requireRole(principal, 'admin', 'handing a workflow over')
}

async function ask(
  moved: MovedWorkflows,
  peerId: string,
  tool: string,
  input: JsonObject,
  { signal }: CallContext,
): Promise<Json> {
  const wait = typeof input.wait_ms === 'number' ? Math.max(input.wait_ms, 0) : 0
  try {
    return await moved.call(peerId, tool, input, { timeoutMs: ANSWER_MS + wait, signal })
  } catch (error) {
    if (!(error instanceof LinkLostError)) throw error
    throw new ToolmeshError(
      'owner_unreachable',
      `workflow ${String(input.workflow_id)} was handed over to the node ${peerId}, which cannot be reached now`,
      { cause: error },
    )
  }
}
