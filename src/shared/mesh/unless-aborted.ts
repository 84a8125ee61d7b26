/** What `work` gives, unless the signal aborts first: then rejects with its reason, and the work goes on unheard. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.race([work, aborted])
  } catch (error) {
    work.catch(() => {})
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
