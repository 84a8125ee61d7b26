/** Durations kept of one peer: enough for a p99, little beside its session. */
const DURATIONS_KEPT = 256

/** How long the latest attempts took, from the lease to the committed outcome, milliseconds. */
export interface DurationFigures {
  mean_ms: number
  p50_ms: number
  p99_ms: number
}

/** What became of the attempts of one peer since this owner first saw it. */
export class WorkerFigures {
  succeeded = 0
  failed = 0
  /** Leases that ended without an outcome. */
  lost = 0
  /** The latest, oldest overwritten first. */
  readonly #durations: number[] = []
  #next = 0

  /** An attempt took `ms`. */
  took(ms: number): void {
    this.#durations[this.#next] = ms
    this.#next = (this.#next + 1) % DURATIONS_KEPT
  }

  /** Undefined before the first attempt has ended. */
  get durations(): DurationFigures | undefined {
    if (this.#durations.length === 0) return undefined
    const sorted = this.#durations.toSorted((a, b) => a - b)
    const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
    const sum = sorted.reduce((total, ms) => total + ms, 0)
    return { mean_ms: rounded(sum / sorted.length), p50_ms: rounded(at(0.5)), p99_ms: rounded(at(0.99)) }
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
