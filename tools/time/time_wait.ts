import { z } from 'zod'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'

/** Milliseconds between two reports of progress. */
const REPORT_EVERY_MS = 500

export default defineTool({
  name: 'time_wait',
  category: 'time',
  title: 'Wait for a while',
  description:
    'Waits for a number of milliseconds and then answers, without using the processor: a pause between two calls, or work ' +
    'that costs nothing for trying out a queue, its progress and cancelling.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z.strictObject({
    ms: z.int().min(0).max(3_600_000).describe('How long to wait, milliseconds, up to an hour'),
  }),
  output: z.object({ ms: z.int().describe('How long it was to wait, milliseconds') }),
  async run({ ms }, context) {
    const start = performance.now()
    let left = ms
    while (left > 0) {
      await pause(Math.min(left, REPORT_EVERY_MS), context.signal)
      left = ms - (performance.now() - start)
      context.progress(Math.min(ms, Math.round(ms - left)), ms)
    }
    return { ms }
  },
})

/** Rejects with the signal's reason when it aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal.addEventListener('abort', abort, { once: true })
  })
}
