/** Calls whose times are kept: enough for a steady 99th percentile. */
const WINDOW = 1_024

export interface CallStats {
  total: number
  failed: number
  /** Over the last 1024 calls, milliseconds; null before the first. */
  p50_ms: number | null
  p99_ms: number | null
}

/** Counts calls, and keeps the times of the last ones in a ring. */
export class CallRecorder {
  #total = 0
  #failed = 0
  readonly #times: number[] = []

  record(ms: number, ok: boolean): void {
    this.#times[this.#total % WINDOW] = ms
    this.#total += 1
    if (!ok) this.#failed += 1
  }

  stats(): CallStats {
    const sorted = [...this.#times].sort((a, b) => a - b)
    return {
      total: this.#total,
      failed: this.#failed,
      p50_ms: percentile(sorted, 0.5),
      p99_ms: percentile(sorted, 0.99),
    }
  }
}

/** Nearest-rank percentile of sorted values. */
function percentile(sorted: number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null
}
