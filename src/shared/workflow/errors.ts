import { type Fault, ToolmeshError } from '../errors.ts'

/** No workflow by this id in the store. */
export class WorkflowNotFoundError extends ToolmeshError {
  constructor(workflowId: string) {
    super('not_found', `there is no workflow ${workflowId.slice(0, 80)}`, {
      field: '/workflow_id',
      value: workflowId,
    })
  }
}

/** The workflow is at another node, or (`onItsWay`, retryable) about to be: nothing can be asked of it here. */
export class WorkflowMovedError extends ToolmeshError {
  constructor(workflowId: string, to: string, onItsWay: boolean) {
    super(
      'conflict',
      `workflow ${workflowId} ${onItsWay ? 'is on its way' : 'was handed over'} to node ${to}`,
      {
        field: '/workflow_id',
        value: workflowId,
        retryable: onItsWay,
      },
    )
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

/** No definition is stored by this name and version. */
export class DefinitionNotFoundError extends ToolmeshError {
  constructor(name: string, version?: string) {
    const which = version === undefined ? '' : ` in version ${JSON.stringify(version.slice(0, 64))}`
    super('not_found', `there is no definition ${JSON.stringify(name.slice(0, 64))}${which}`, {
      field: version === undefined ? '/name' : '/version',
      value: version ?? name,
    })
  }
}

/** A workflow definition with all that is wrong with it; `count` may be more than are told. */
export class InvalidDefinitionError extends ToolmeshError {
  readonly count: number

  constructor(faults: Fault[], count: number = faults.length) {
    super('invalid_input', messageOf(faults, count), { ...firstOf(faults), faults })
    this.count = count
  }
}

function messageOf(faults: readonly Fault[], count: number): string {
  const [only] = faults
  if (only !== undefined && count === 1) return only.message
  const rest = count - faults.length
  const lines = faults.map(({ message }) => `\n- ${message}`).join('')
  return `${count} faults:${lines}${rest === 0 ? '' : `\n- and ${rest} more`}`
}

function firstOf([first]: readonly Fault[]): Pick<Fault, 'field' | 'value' | 'allowed'> | undefined {
  if (first === undefined) return undefined
  const { message: _, ...facts } = first
  return facts
}

/** The workflow has ended, so this is refused. */
export class WorkflowEndedError extends ToolmeshError {
  constructor(workflowId: string, state: string, what: string) {
    super('conflict', `workflow ${workflowId} has ended ${state}, so it cannot be ${what}`, {
      field: '/workflow_id',
      value: workflowId,
    })
  }
}

/** The name of a definition belongs to another principal. */
export class DefinitionTakenError extends ToolmeshError {
  constructor(name: string) {
    super('conflict', `the definition ${JSON.stringify(name.slice(0, 64))} belongs to somebody else`, {
      field: '/name',
      value: name,
      allowed: 'another name',
    })
  }
}
