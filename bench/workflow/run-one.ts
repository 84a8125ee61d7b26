import type { WorkflowDefinition } from '../../src/shared/workflow/definition/definition.ts'
import { ECHO, type OpenWorkflows, PRINCIPAL } from './open-workflows.ts'

/** A result is waited for as long as one request may. */
const WAIT_MS = 50_000

/** Submits a task and reads its result, as a client would. */
export async function runTask({ queue }: OpenWorkflows, n: number): Promise<void> {
  const [receipt] = await queue.submit(PRINCIPAL, [{ tool: ECHO.name, params: { n } }])
  if (receipt === undefined || 'error' in receipt) throw new Error('a task was not taken')
  const { state } = await queue.result(receipt.task_id, { wait_ms: WAIT_MS })
  if (state !== 'succeeded') throw new Error(`a task is ${state}`)
}

/** Submits a workflow and reads its result, as a client would; gives its id. */
export async function runWorkflow(
  { workflows }: OpenWorkflows,
  workflow: WorkflowDefinition,
  input: number[] = [],
): Promise<string> {
  const { workflow_id } = await workflows.submit(PRINCIPAL, { workflow, input })
  for (;;) {
    const { state, error } = await workflows.result(workflow_id, { wait_ms: WAIT_MS })
    if (state === 'succeeded') return workflow_id
    if (state !== 'running') throw new Error(`a workflow is ${state}: ${error?.message}`)
  }
}
