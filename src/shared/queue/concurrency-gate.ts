import type { GateRule, GateTerms } from './gate.ts'

/** Lets tasks of a key run while fewer than the limit do. */
export class ConcurrencyGate implements GateRule {
  #running = 0

  get isUnused(): boolean {
    return this.#running === 0
  }

  opensIn({ limit }: GateTerms): number {
    return this.#running < limit ? 0 : Number.POSITIVE_INFINITY
  }

  start(): void {
    this.#running += 1
  }

  end(): void {
    this.#running -= 1
  }

  undo(): void {
    this.#running -= 1
  }
}
