import type { Clock } from '../clock.ts'
import { QueueFullError } from './errors.ts'

/** Requests that wait for a task to end: woken by its event, never by polling. */
export class ResultWaiters {
  readonly #clock: Clock
  readonly #max: number
  readonly #byTask = new Map<string, Set<() => void>>()
  #size = 0

  /** @param max requests that may wait at once */
  constructor(clock: Clock, max: number) {
    this.#clock = clock
    this.#max = max
  }

  /**
   * Begins to listen for the task's end, so begin before looking at its state. `ended` resolves when it ends, after
   * `waitMs`, or on abort; `stop` gives the place back. Throws `queue_full` when too many wait.
   */
  wait(taskId: string, waitMs: number, signal?: AbortSignal): { ended: Promise<void>; stop: () => void } {
    if (this.#size >= this.#max)
      throw new QueueFullError(`${this.#max} requests wait for results already`, 1_000)
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = this.#byTask.get(taskId) ?? new Set()
    this.#byTask.set(taskId, waiting.add(resolve))
    this.#size += 1
    const stopTimer = this.#clock.after(waitMs, resolve)
    const onAbort = () => resolve()
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', onAbort, { once: true })
    const stop = () => {
      stopTimer()
      signal?.removeEventListener('abort', onAbort)
      if (!waiting.delete(resolve)) return
      this.#size -= 1
      if (waiting.size === 0 && this.#byTask.get(taskId) === waiting) this.#byTask.delete(taskId)
    }
    return { ended: promise, stop }
  }

  /** The task has ended. */
  wake(taskId: string): void {
    for (const resolve of this.#byTask.get(taskId) ?? []) resolve()
  }

  close(): void {
    for (const taskId of this.#byTask.keys()) this.wake(taskId)
  }
}
