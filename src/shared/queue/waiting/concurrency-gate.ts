import type { GateRule, GateTerms } from './gate.ts'

/** Lets tasks of a key run while fewer than the limit do. */
export class ConcurrencyGate implements GateRule {
  #running = 0

  get unusedIn(): number {
    return 0
  }

  opensIn({ limit }: GateTerms): number {
    return this.#running < limit ? 0 : Number.POSITIVE_INFINITY
  }

  start(): void {
    this.#running += 1
  }

  resume(): void {
    this.start()
  }

  end(): boolean {
    this.#running -= 1
    return true
  }

  undo(): void {
    this.#running -= 1
  }
}
