import { z } from 'zod'
import type { TaskChanges } from '../states/commands.ts'
import type { TaskHead } from '../task.ts'
import { deadlineOf, parseOptions, startOf, updateOptions } from './task-options.ts'

const Update = z.strictObject(updateOptions)

/** What may change in a task that has not started; durations in ms, times ISO 8601, `null` takes a limit away. */
export type TaskUpdate = z.output<typeof Update>

/**
 * What an update makes of `task`; what is said of `retry` goes over what the task has. Throws `invalid_input` that
 * names the field, the value and what is allowed.
 */
export function changesFromRequest(update: TaskUpdate, task: TaskHead, at: number): TaskChanges {
  const { delay_ms, start_at, deadline, retry, ...plain } = parseOptions(Update, update)
  const changes: TaskChanges = plain
  const runAt = startOf(
    { ...(delay_ms === undefined ? {} : { delay_ms }), ...(start_at === undefined ? {} : { start_at }) },
    at,
  )
  if (runAt !== undefined) changes.run_at = runAt
  if (deadline !== undefined) changes.deadline = deadline === null ? null : deadlineOf(deadline, at)
  if (retry !== undefined) changes.retry = { ...task.retry, ...retry }
  return changes
}
