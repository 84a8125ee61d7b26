import type { PoolMetrics } from './session-pool-contract.ts'

/** Openings whose time is remembered. */
const TIMES = 1000
/** Codes that are counted each by itself; an end's code is the peer's word, and more than these are counted as `other`. */
const CODES = 32

/** Counts what the pool does. */
export class PoolFigures {
  #uses = 0
  #reused = 0
  #opens = 0
  readonly #failures = new Map<string, number>()
  readonly #ends = new Map<string, number>()
  readonly #times: number[] = []
  #next = 0

  used(found: boolean): void {
    this.#uses += 1
    if (found) this.#reused += 1
  }

  /** `ms` from the first wish for it. */
  opened(ms: number): void {
    this.#opens += 1
    this.#times[this.#next] = ms
    this.#next = (this.#next + 1) % TIMES
  }

  failed(code: string): void {
    count(this.#failures, code)
  }

  ended(code: string): void {
    count(this.#ends, code)
  }

  metrics(open: number): PoolMetrics {
    const times = [...this.#times].sort((a, b) => a - b)
    const at = (share: number) => times[Math.ceil(times.length * share) - 1] ?? null
    return {
      open,
      uses: this.#uses,
      reuse: this.#uses === 0 ? 0 : this.#reused / this.#uses,
      opens: this.#opens,
      failures: Object.fromEntries(this.#failures),
      ends: Object.fromEntries(this.#ends),
      open_ms: { p50: at(0.5), p99: at(0.99) },
    }
  }
}

function count(counts: Map<string, number>, code: string): void {
  const key = counts.has(code) || counts.size < CODES ? code : 'other'
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
