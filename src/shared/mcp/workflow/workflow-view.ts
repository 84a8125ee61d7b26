import type { StepDetail, StepStatus, WaitingStep, WorkflowOwner } from '../../workflow/status.ts'
import type { WorkflowEvent, WorkflowHead } from '../../workflow/workflow.ts'
import { iso, time } from '../iso-time.ts'
import type {
  DagNodeView,
  StepDetailView,
  StepView,
  WaitingStepView,
  WorkflowEventView,
  WorkflowSummaryView,
  WorkflowView,
} from '../views.ts'

/** A workflow as lists show it. */
export function workflowSummary(head: WorkflowHead): WorkflowSummaryView {
  const { version, error, parent } = head
  return {
    workflow_id: head.workflow_id,
    name: head.name,
    ...(version === undefined ? {} : { version }),
    state: head.state,
    principal: head.principal,
    ...(Object.keys(head.labels).length === 0 ? {} : { labels: head.labels }),
    created_at: iso(head.created_at),
    changed_at: iso(head.changed_at),
    ...time('ended_at', head.ended_at),
    generation: head.generation,
    step_counts: head.steps,
    failed_steps: head.failed_steps,
    ...(error === undefined ? {} : { error }),
    ...(parent === undefined ? {} : { parent }),
  }
}

/** A workflow with a page of its steps. */
export function workflowView(
  head: WorkflowHead,
  owner: WorkflowOwner,
  page: { steps: StepDetailView[]; next_after?: number },
): WorkflowView {
  const { idempotency_key } = head
  return {
    ...workflowSummary(head),
    labels: head.labels,
    metadata: head.metadata,
    ...(idempotency_key === undefined ? {} : { idempotency_key }),
    definition_cid: head.definition_cid,
    root_id: head.root_id,
    seq: head.seq,
    owner,
    ...page,
  }
}

export function stepView({ started_at, ended_at, until, ...step }: StepStatus): StepView {
  return {
    ...step,
    ...time('started_at', started_at),
    ...time('ended_at', ended_at),
    ...time('until', until),
  }
}

/** With its input and output. */
export function stepDetailView({ input, output, ...step }: StepDetail): StepDetailView {
  return {
    ...stepView(step),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
  }
}

export function waitingStepView({ until, ...step }: WaitingStep): WaitingStepView {
  return { ...step, ...time('until', until) }
}

/** @param now epoch ms: until when a running step has taken its time */
export function dagNodeView(step: StepStatus, critical: boolean, now: number): DagNodeView {
  const { id, title, kind, tool, state, started_at, ended_at, items } = step
  const duration = durationOf(step, now)
  return {
    id,
    ...(title === undefined ? {} : { title }),
    kind,
    ...(tool === undefined ? {} : { tool }),
    state,
    critical,
    ...time('started_at', started_at),
    ...time('ended_at', ended_at),
    ...(duration === undefined ? {} : { duration_ms: duration }),
    ...(items === undefined ? {} : { items }),
  }
}

/** Milliseconds from its start to its end, or to now; undefined before its start. */
export function durationOf({ started_at, ended_at }: StepStatus, now: number): number | undefined {
  return started_at === undefined ? undefined : Math.max((ended_at ?? now) - started_at, 0)
}

export function workflowEventView(event: WorkflowEvent): WorkflowEventView {
  const at = iso(event.at)
  if (event.kind !== 'step_waiting') return { ...event, at }
  const { until, ...rest } = event
  return { ...rest, at, ...time('until', until) }
}
