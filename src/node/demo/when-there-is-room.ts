import { setTimeout as sleep } from 'node:timers/promises'
import { ToolmeshError } from '../../shared/errors.ts'

/** Pause before another try where the node names no time itself, ms. */
const PAUSE_MS = 1_000

/** Tries again for as long as the node takes no more. */
export async function whenThereIsRoom<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ToolmeshError) || error.code !== 'queue_full') throw error
      await sleep(error.details.retry_after_ms ?? PAUSE_MS, undefined, { signal })
    }
  }
}
