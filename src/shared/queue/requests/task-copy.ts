import type { JsonObject } from '../../tools/tool.ts'
import type { TaskHead, TaskRequest } from '../task.ts'

/** The request that a task would come from again: all it asked for, but for its idempotency key and its times. */
export function requestFrom(task: TaskHead, params: JsonObject): TaskRequest {
  const { tool, priority, requires, target, any_build, queue_timeout_ms, attempt_timeout_ms } = task
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
