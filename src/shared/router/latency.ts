import type { Clock } from '../clock.ts'

/** Weight of a new measurement: about the last ten calls count. */
const SMOOTHING = 0.2
/** An estimate that is not renewed loses half its distance to the neutral one in this time, so that a slow first call is forgiven. */
const HALF_LIFE_MS = 30_000
/** What a tool is assumed to take when nobody has run it, milliseconds. */
const UNKNOWN_MS = 10

interface Estimate {
  ms: number
  at: number
}

/** How long each tool has lately taken on each runtime: exponentially weighted moving averages. */
export class LatencyBook {
  readonly #clock: Clock
  /** By tool, then by runtime id. */
  readonly #tools = new Map<string, Map<string, Estimate>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  record(tool: string, runtime: string, ms: number): void {
    const runtimes = this.#tools.get(tool) ?? new Map<string, Estimate>()
    this.#tools.set(tool, runtimes)
    const known = runtimes.get(runtime)
    const smoothed = known === undefined ? ms : known.ms + SMOOTHING * (ms - known.ms)
    runtimes.set(runtime, { ms: smoothed, at: this.#clock.monotonic() })
  }

  /**
   * Expected milliseconds. A runtime that has not run the tool is taken to be as fast as the fastest that has:
   * it is tried as soon as the known ones are busier, and never shunned for being new.
   */
  expect(tool: string, runtime: string): number {
    const runtimes = this.#tools.get(tool)
    if (runtimes === undefined) return UNKNOWN_MS
    const neutral = Math.min(...[...runtimes.values()].map(estimate => estimate.ms))
    const known = runtimes.get(runtime)
    if (known === undefined) return neutral
    const age = this.#clock.monotonic() - known.at
    return neutral + (known.ms - neutral) * 2 ** (-age / HALF_LIFE_MS)
  }

  /** Forgets a runtime that is gone. */
  forget(runtime: string): void {
    for (const runtimes of this.#tools.values()) runtimes.delete(runtime)
  }
}
