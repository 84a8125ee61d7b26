import { criticalPath, orderOf } from '../../workflow/definition/critical-path.ts'
import type { Plan, PlanStep } from '../../workflow/definition/plan.ts'
import type { StepStatus } from '../../workflow/status.ts'
import type { StepState, WorkflowHead } from '../../workflow/workflow.ts'
import type { DagView } from '../views.ts'
import { dagNodeView, durationOf } from './workflow-view.ts'
import type { WorkflowsPort } from './workflows-port.ts'

/** Steps that are read at once. */
const PAGE = 1_000
/** Length of a step beside its milliseconds: of chains that took equally long (no time yet) the one of more steps counts. */
const STEP = 1e-6

/** A workflow's graph with the state and time of each step. */
export interface Dag {
  plan: Plan
  stateOf: (step: PlanStep) => StepState
  /** The critical path, and milliseconds that its steps took so far. */
  critical: { steps: readonly PlanStep[]; durationMs: number }
  /** Those that are shown whole: the first in the order in which they run. */
  shown: StepStatus[]
}

/**
 * @param limit steps that are shown whole
 * @param now epoch ms: until when a running step has taken its time
 */
export async function readDag(
  workflows: Pick<WorkflowsPort, 'plan' | 'steps'>,
  id: string,
  { limit, now }: { limit: number; now: number },
): Promise<Dag> {
  const plan = await workflows.plan(id)
  const first = new Set(orderOf(plan).slice(0, limit))
  const states: StepState[] = []
  const durations = new Float64Array(plan.steps.length)
  const shown: StepStatus[] = []
  for (let after = -1; after < plan.steps.length - 1; after += PAGE) {
    const page = await workflows.steps(id, { limit: PAGE, ...(after < 0 ? {} : { after }) })
    for (const status of page) {
      states[status.index] = status.state
      durations[status.index] = durationOf(status, now) ?? 0
      const step = plan.steps[status.index]
      if (step !== undefined && first.has(step)) shown.push(status)
    }
  }
  const { steps } = criticalPath(plan, ({ index }) => (durations[index] ?? 0) + STEP)
  return {
    plan,
    stateOf: ({ index }) => states[index] ?? 'pending',
    critical: {
      steps,
      durationMs: steps.reduce((sum, { index }) => sum + (durations[index] ?? 0), 0),
    },
    shown,
  }
}

export function dagView({ workflow_id, name, state }: WorkflowHead, dag: Dag, now: number): DagView {
  const { plan, critical, shown } = dag
  const ids = new Set(shown.map(step => step.id))
  const path = critical.steps.map(step => step.id)
  const onPath = new Set(path)
  const edges = shown.flatMap(step =>
    step.depends_on
      .filter(from => ids.has(from))
      .map(from => ({ from, to: step.id, critical: onPath.has(from) && onPath.has(step.id) })),
  )
  return {
    workflow_id,
    name,
    state,
    nodes: shown.map(step => dagNodeView(step, onPath.has(step.id), now)),
    edges,
    critical_path: { steps: path, duration_ms: critical.durationMs },
    left_out: plan.steps.length - shown.length,
  }
}
