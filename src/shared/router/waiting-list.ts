import type { Clock } from '../clock.ts'
import { RunCancelledError, RuntimeBusyError } from './errors.ts'
import type { RuntimeCall } from './runtime.ts'

export interface WaitingListOptions {
  /** The runtime that refuses, for its errors. */
  name: string
  clock: Clock
  maxWaiting: number
  maxWaitMs: number
}

interface Waiter<T> {
  call: RuntimeCall
  resolve(place: T): void
  reject(error: unknown): void
  cancelTimer: () => void
  onAbort: () => void
}

/** Calls that wait for a place to run in, first come, first served; bounded in number and in time. */
export class WaitingList<T> {
  readonly #options: WaitingListOptions
  readonly #waiters = new Set<Waiter<T>>()

  constructor(options: WaitingListOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#waiters.size
  }

  /** Rejects with RuntimeBusyError when the list is full or the wait too long, RunCancelledError on abort. */
  async wait(call: RuntimeCall): Promise<T> {
    const { name, clock, maxWaiting, maxWaitMs } = this.#options
    if (this.#waiters.size >= maxWaiting) {
      throw new RuntimeBusyError(name, `${maxWaiting} calls are waiting already`)
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter<T> = {
        call,
        resolve,
        reject,
        cancelTimer: clock.after(maxWaitMs, () =>
          this.#refuse(waiter, new RuntimeBusyError(name, `nothing was free for ${maxWaitMs} ms`)),
        ),
        onAbort: () => this.#refuse(waiter, new RunCancelledError(call.tool.name)),
      }
      call.signal.addEventListener('abort', waiter.onAbort, { once: true })
      this.#waiters.add(waiter)
    })
  }

  /** Gives the first that waits a place; when none can be made it gets that error. There must be one waiting. */
  serve(makePlace: () => T): void {
    const [waiter] = this.#waiters
    if (waiter === undefined) return
    this.#leave(waiter)
    try {
      waiter.resolve(makePlace())
    } catch (error) {
      waiter.reject(error)
    }
  }

  refuseAll(why: string): void {
    for (const waiter of [...this.#waiters]) {
      this.#refuse(waiter, new RuntimeBusyError(this.#options.name, why))
    }
  }

  #refuse(waiter: Waiter<T>, error: Error): void {
    this.#leave(waiter)
    waiter.reject(error)
  }

  #leave(waiter: Waiter<T>): void {
    this.#waiters.delete(waiter)
    waiter.cancelTimer()
    waiter.call.signal.removeEventListener('abort', waiter.onAbort)
  }
}
