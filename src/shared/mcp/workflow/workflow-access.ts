import type { Principal } from '../../authority/principal.ts'
import { WorkflowNotFoundError } from '../../workflow/errors.ts'
import type { WorkflowHead } from '../../workflow/workflow.ts'
import { sees } from '../taskqueue/task-access.ts'

/** The workflow, if the principal may see it. Throws `not_found`, so that ids of others tell nothing. */
export async function visibleWorkflow(
  workflow: Promise<WorkflowHead>,
  principal: Principal,
): Promise<WorkflowHead> {
  const head = await workflow
  if (!sees(principal, head.principal)) throw new WorkflowNotFoundError(head.workflow_id)
  return head
}

/** The workflow, if the principal may change it: its own, or any as admin. Throws `not_found`. */
export async function ownWorkflow(
  workflow: Promise<WorkflowHead>,
  principal: Principal,
): Promise<WorkflowHead> {
  const head = await workflow
  if (!mayChange(principal, head)) throw new WorkflowNotFoundError(head.workflow_id)
  return head
}

export function mayChange(
  principal: Principal,
  { principal: whose }: Pick<WorkflowHead, 'principal'>,
): boolean {
  return whose === principal.id || principal.roles.has('admin')
}
