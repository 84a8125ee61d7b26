import type { GraphLayout } from './graph-layout.ts'
import type { LayoutQuestion } from './layout-worker.ts'

/** Lays a graph out in a worker of its own, which ends with it. Rejects when `signal` aborts, or with what went wrong. */
export function layOutInWorker(question: LayoutQuestion, signal: AbortSignal): Promise<GraphLayout> {
  const { promise, resolve, reject } = Promise.withResolvers<GraphLayout>()
  const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), {
    type: 'module',
    name: 'layout',
  })
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  worker.addEventListener('message', (event: MessageEvent<GraphLayout>) => resolve(event.data))
  worker.addEventListener('error', event => reject(new Error(event.message || 'the worker did not start')))
  worker.postMessage(question)
  return promise.finally(() => {
    signal.removeEventListener('abort', abort)
    worker.terminate()
  })
}
