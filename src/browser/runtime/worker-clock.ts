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
  readonly #pending = new Map<number, { fn: () => void; due: number }>()
  #timers = 0
  /** Its script did not load, as when the node's build changed just then: the page's own timers have to do. */
  #isWorkerLost = false

  constructor() {
    this.#worker.addEventListener('message', event => {
      if (isFromTimer(event.data)) this.#fire(event.data.timer)
    })
    this.#worker.addEventListener('error', () => {
      this.#isWorkerLost = true
      for (const [timer, { due }] of this.#pending) this.#fireOnPage(timer, due - this.monotonic())
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
    this.#pending.set(timer, { fn, due: this.monotonic() + ms })
    if (this.#isWorkerLost) this.#fireOnPage(timer, ms)
    else this.#post({ kind: 'set', timer, ms })
    return () => {
      if (this.#pending.delete(timer)) this.#post({ kind: 'clear', timer })
    }
  }

  /** Ends the worker; pending timers never fire. */
  close(): void {
    this.#pending.clear()
    this.#worker.terminate()
  }

  #fire(timer: number): void {
    const fn = this.#pending.get(timer)?.fn
    this.#pending.delete(timer)
    fn?.()
  }

  #fireOnPage(timer: number, ms: number): void {
    setTimeout(() => this.#fire(timer), ms)
  }

  #post(message: ToTimer): void {
    this.#worker.postMessage(message)
  }
}
