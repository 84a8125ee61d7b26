/**
 * Turns of the submitters at one priority: start-time fair queueing (Goyal, Vin, Cheng 1996) for tasks that all count
 * as one. There a submitter's next start tag is never more than one ahead of the virtual time, so that the tags come
 * down to rounds: who was served in this round is next in the one after it.
 */
export class Turns {
  #round = 0
  readonly #served = new Set<string>()

  /** The virtual time. */
  get round(): number {
    return this.#round
  }

  /** Had a turn in this round. */
  hadTurn(principal: string): boolean {
    return this.#served.has(principal)
  }

  /** When it is the principal's turn: this round or the next. */
  of(principal: string): number {
    return this.#served.has(principal) ? this.#round + 1 : this.#round
  }

  /** A task of the principal was given out; when it had its turn already, nobody else was there: the next round. */
  served(principal: string): void {
    if (this.#served.has(principal)) {
      this.#round += 1
      this.#served.clear()
    }
    this.#served.add(principal)
  }
}
