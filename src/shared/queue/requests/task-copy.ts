import type { Task, TaskRequest } from '../task.ts'

/** The request that a task would come from again: all it asked for, but for its idempotency key and its times. */
export function requestFrom(task: Task): TaskRequest {
  const { tool, params, priority, requires, target, any_build, queue_timeout_ms, attempt_timeout_ms } = task
  const { retry, labels, metadata, concurrency, rate } = task
  return {
    tool,
    params,
    priority,
    requires,
    any_build,
    attempt_timeout_ms,
    retry,
    labels,
    metadata,
    ...(target === undefined ? {} : { target }),
    ...(queue_timeout_ms === undefined ? {} : { queue_timeout_ms }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rate === undefined ? {} : { rate }),
  }
}
