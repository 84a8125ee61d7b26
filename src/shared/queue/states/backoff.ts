import type { RetryPolicy } from '../task.ts'

/**
 * Milliseconds to wait before the next attempt: exponential with full jitter, so that tasks that failed
 * together do not come back together (AWS Architecture Blog, "Exponential Backoff And Jitter").
 *
 * @param failures attempts that went wrong so far, 1 or more
 * @param roll uniform in [0, 1)
 */
export function backoffMs(policy: RetryPolicy, failures: number, roll: number): number {
  const ceiling = Math.min(policy.max_delay_ms, policy.base_delay_ms * 2 ** Math.min(failures - 1, 30))
  return Math.floor(roll * (ceiling + 1))
}
