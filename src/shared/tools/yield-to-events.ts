/**
 * Lets a worker hear what came in while it computed: a long loop awaits this now and then, so that an abort can
 * reach it. Throws the signal's reason once it is aborted.
 */
export async function yieldToEvents(signal: AbortSignal): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 0))
  signal.throwIfAborted()
}
