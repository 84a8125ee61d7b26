import type { Clock } from '../clock.ts'
import type { MeshSession } from './session.ts'

/** Weight of the newest measurement, as TCP's smoothed round-trip time has it (RFC 6298: 1/8). */
const NEWEST = 1 / 8

/** Measures a session's round trip again and again, which also notices when the peer is gone. */
export class RoundTrip {
  readonly #session: MeshSession
  readonly #clock: Clock
  readonly #limits: { pingEveryMs: number; pingTimeoutMs: number }
  readonly #onSilent: () => void
  #smoothed: number | undefined
  #stop: () => void = () => {}

  /** @param onSilent the peer has not answered for `pingTimeoutMs`, and the session ends by that */
  constructor(
    session: MeshSession,
    clock: Clock,
    limits: { pingEveryMs: number; pingTimeoutMs: number },
    onSilent: () => void,
  ) {
    this.#onSilent = onSilent
    this.#session = session
    this.#clock = clock
    this.#limits = limits
    this.#plan()
    void session.closed.then(() => this.#stop())
  }

  /** Milliseconds; undefined before the first answer. */
  get smoothed(): number | undefined {
    return this.#smoothed
  }

  /** The path has changed: what was measured says nothing of the new one, which is measured soon. */
  forget(): void {
    this.#smoothed = undefined
    this.#stop()
    void this.#round()
  }

  async measure(signal: AbortSignal): Promise<number> {
    const now = await this.#session.ping(signal)
    this.#smoothed = this.#smoothed === undefined ? now : this.#smoothed + (now - this.#smoothed) * NEWEST
    return this.#smoothed
  }

  #plan(): void {
    this.#stop = this.#clock.after(this.#limits.pingEveryMs, () => void this.#round())
  }

  async #round(): Promise<void> {
    const control = new AbortController()
    const stop = this.#clock.after(this.#limits.pingTimeoutMs, () => control.abort())
    try {
      await this.measure(control.signal)
      this.#plan()
    } catch {
      const closing = this.#session.close({ code: 'unavailable', message: 'the peer does not answer' })
      if (control.signal.aborted) this.#onSilent()
      await closing
    } finally {
      stop()
    }
  }
}
