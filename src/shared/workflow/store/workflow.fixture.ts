/** Workflows to test stores with: not part of the product. */
import type { WorkflowEvent, WorkflowHead } from '../workflow.ts'
import type { Append, NewWorkflow } from './store.ts'

/** When all of these happens, epoch milliseconds. */
export const AT = 1_700_000_000_000

export function headOf(workflow_id: string, more: Partial<WorkflowHead> = {}): WorkflowHead {
  return {
    workflow_id,
    name: 'flow',
    definition_cid: 'cid-of-flow',
    principal: 'alice',
    state: 'running',
    fence: 1,
    seq: 1,
    generation: 1,
    created_at: AT,
    changed_at: AT,
    steps: { pending: 2, waiting: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 },
    failed_steps: 0,
    root_id: workflow_id,
    depth: 0,
    labels: {},
    metadata: {},
    ...more,
  }
}

export function newWorkflow(workflowId: string, more: Partial<WorkflowHead> = {}): NewWorkflow {
  const head = headOf(workflowId, more)
  return {
    head,
    events: [{ kind: 'submitted', seq: 1, at: head.created_at, by: head.principal }],
    bodies: [{ key: { of: 'definition' }, body: `{"of":"${workflowId}"}` }],
  }
}

/** `count` events behind `after`. */
export function eventsBehind(after: number, count: number): WorkflowEvent[] {
  return Array.from({ length: count }, (_, at) => {
    return {
      kind: 'signalled',
      seq: after + 1 + at,
      at: AT + after + at,
      signal: `s${after + 1 + at}`,
      by: 'bob',
    }
  })
}

/** One event more, by the owner of the head. */
export function appendTo(
  head: WorkflowHead,
  more: Partial<WorkflowHead> = {},
  rest: Partial<Append> = {},
): Append {
  const events = rest.events ?? eventsBehind(head.seq, 1)
  return {
    workflow_id: head.workflow_id,
    fence: head.fence,
    events,
    bodies: [],
    head: { ...head, seq: head.seq + events.length, ...more },
    requests_done: [],
    ...rest,
  }
}
