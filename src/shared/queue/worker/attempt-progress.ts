import type { Clock } from '../../clock.ts'
import type { Progress } from '../../tools/tool.ts'
import type { AttemptHooks } from '../task.ts'

/** Milliseconds between two progress reports of one attempt that are passed on. */
const PROGRESS_EVERY_MS = 100

/**
 * Takes a tool's progress: the newest is kept in `attempt` for renewals, and passed on no more often than is of use. The
 * last is never lost.
 */
export function progressTo(
  attempt: { progress: Progress | undefined },
  { onProgress }: AttemptHooks,
  clock: Clock,
): (progress: Progress) => void {
  let resting = false
  let untold = false
  const tell = (): void => {
    resting = true
    untold = false
    clock.after(PROGRESS_EVERY_MS, () => {
      resting = false
      if (untold) tell()
    })
    if (attempt.progress !== undefined) onProgress?.(attempt.progress)
  }
  return progress => {
    attempt.progress = progress
    if (onProgress === undefined) return
    if (resting) untold = true
    else tell()
  }
}
