import type { Queue } from '../queue.ts'
import { type TaskRequest, type TaskState, TERMINAL_STATES } from '../task.ts'
import type { Submitter } from './schedules.ts'

/**
 * The queue as schedules use it.
 * @param stateOf state of a task, undefined when it is not there (any more)
 */
export function taskSubmitter(
  queue: Pick<Queue, 'submitOnce' | 'check'>,
  stateOf: (taskId: string) => Promise<TaskState | undefined>,
): Submitter<TaskRequest> {
  return {
    async submit(principal, request, key) {
      const receipt = await queue.submitOnce(principal, request, key)
      return 'error' in receipt ? receipt : { id: receipt.task_id }
    },
    check: (principal, request) => queue.check(principal, request),
    async runs(taskId) {
      const state = await stateOf(taskId)
      return state !== undefined && !TERMINAL_STATES.has(state)
    },
  }
}
