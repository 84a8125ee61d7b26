import { ToolmeshError } from '../errors.ts'

/** No workflow by this id in the store. */
export class WorkflowNotFoundError extends ToolmeshError {
  constructor(workflowId: string) {
    super('not_found', `there is no workflow ${workflowId.slice(0, 80)}`, {
      field: '/workflow_id',
      value: workflowId,
    })
  }
}

/** The workflow has no step of this id. */
export class StepNotFoundError extends ToolmeshError {
  constructor(workflowId: string, step: string) {
    super('not_found', `workflow ${workflowId} has no step ${JSON.stringify(step.slice(0, 80))}`, {
      field: '/step',
      value: step,
    })
  }
}
