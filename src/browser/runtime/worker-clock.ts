import type { Clock } from '../../shared/clock.ts'
import { isFromTimer, type ToTimer } from './timer-messages.ts'

/**
 * The tab's clock. Its timers run in a worker: a hidden page's own timers fire once a minute, too seldom for
 * time limits, pings and reconnects.
 */
export class WorkerClock implements Clock {
  readonly #worker = new Worker(new URL('./timer-worker.ts', import.meta.url), {
    type: 'module',
    name: 'timer',
  })
  readonly #pending = new Map<number, () => void>()
  #timers = 0

  constructor() {
    this.#worker.addEventListener('message', event => {
      if (!isFromTimer(event.data)) return
      const fire = this.#pending.get(event.data.timer)
      this.#pending.delete(event.data.timer)
      fire?.()
    })
  }

  now(): number {
    return Date.now()
  }

  monotonic(): number {
    return performance.now()
  }

  after(ms: number, fn: () => void): () => void {
    this.#timers += 1
    const timer = this.#timers
    this.#pending.set(timer, fn)
    this.#post({ kind: 'set', timer, ms })
    return () => {
      if (this.#pending.delete(timer)) this.#post({ kind: 'clear', timer })
    }
  }

  /** Ends the worker; pending timers never fire. */
  close(): void {
    this.#worker.terminate()
  }

  #post(message: ToTimer): void {
    this.#worker.postMessage(message)
  }
}
