import type { Clock } from '../shared/clock.ts'

/**
 * Runs `work` with a signal that aborts after `ms` on the clock given; the platform's `AbortSignal.timeout` would be
 * late in a hidden page.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const cancel = clock.after(ms, () => abort.abort(new DOMException(`not within ${ms} ms`, 'TimeoutError')))
  try {
    return await work(abort.signal)
  } finally {
    cancel()
  }
}
