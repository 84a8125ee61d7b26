import { ToolmeshError } from '../../errors.ts'

/**
 * Gives `work` until the caller goes or `timeoutMs` milliseconds are over. Throws what it throws, `cancelled` or
 * `timed_out` where it was ended.
 */
export async function within<T>(
  timeoutMs: number,
  signal: AbortSignal,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(timeoutMs)
  try {
    return await work(AbortSignal.any([signal, late]))
  } catch (error) {
    if (signal.aborted) throw new ToolmeshError('cancelled', `${what} was cancelled`, { cause: error })
    if (late.aborted)
      throw new ToolmeshError('timed_out', `${what} took longer than ${timeoutMs} ms`, { cause: error })
    throw error
  }
}
