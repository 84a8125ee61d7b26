import type { Clock } from '../clock.ts'

/** What peers say to each other by themselves, again and again: a session with nothing else is idle. */
const BACKGROUND: ReadonlySet<string> = new Set([
  'ping',
  'toolmesh/peers',
  'notifications/toolmesh/credit',
  'notifications/toolmesh/move',
  'notifications/toolmesh/moved',
  'notifications/toolmesh/draining',
])

/** Whether a session is used, and since when it is not. */
export class SessionUse {
  readonly #clock: Clock
  #holds = 0
  #last: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#last = clock.monotonic()
  }

  get held(): boolean {
    return this.#holds > 0
  }

  /** A request, its answer or a notification of this method came or went. */
  touch(method: string): void {
    if (!BACKGROUND.has(method)) this.#last = this.#clock.monotonic()
  }

  /** Used until the returned function is called. */
  hold(): () => void {
    this.#holds += 1
    let released = false
    return () => {
      if (released) return
      released = true
      this.#holds -= 1
      this.#last = this.#clock.monotonic()
    }
  }

  /** Milliseconds since the last use. */
  idleMs(): number {
    return this.#holds > 0 ? 0 : this.#clock.monotonic() - this.#last
  }
}
