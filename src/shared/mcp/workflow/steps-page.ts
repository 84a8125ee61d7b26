import type { StepState } from '../../workflow/workflow.ts'
import type { StepDetailView } from '../views.ts'
import { stepView } from './workflow-view.ts'
import type { WorkflowsPort } from './workflows-port.ts'

export interface StepsPage {
  steps: StepDetailView[]
  /** Index of the last step that is shown, where there are more. */
  next_after?: number
}

/** A page of the steps of a workflow, behind the step with the index `after`. */
export async function stepsPage(
  workflows: Pick<WorkflowsPort, 'steps'>,
  id: string,
  wanted: { after?: number; limit: number; states?: readonly StepState[] },
): Promise<StepsPage> {
  // One more than is shown tells whether there are more.
  const steps = await workflows.steps(id, { ...wanted, limit: wanted.limit + 1 })
  const shown = steps.slice(0, wanted.limit)
  const last = shown.at(-1)
  const more = steps.length > shown.length && last !== undefined
  return { steps: shown.map(stepView), ...(more ? { next_after: last.index } : {}) }
}
