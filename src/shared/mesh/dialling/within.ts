import type { Clock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'

/**
 * Runs `work` with a signal that aborts after `ms` milliseconds, and with the one given. Throws `timed_out` when that was
 * why it failed. Not AbortSignal.timeout: aborted by the platform, its listeners have microtasks between them, in which
 * what was given up could still be used.
 */
export async function within<T>(
  ms: number,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const stop = clock.after(ms, () => late.abort(new ToolmeshError('timed_out', `no answer within ${ms} ms`)))
  try {
    return await work(AbortSignal.any([signal, late.signal]))
  } catch (error) {
    throw late.signal.aborted && !signal.aborted ? late.signal.reason : error
  } finally {
    stop()
  }
}
