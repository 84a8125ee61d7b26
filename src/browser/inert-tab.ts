import type { StatePublisher } from './state-publisher.ts'
import type { Tab, TabState } from './tab-contract.ts'

/** A tab that could not become a peer: it has a state to show, and nothing to drive. */
export class InertTab implements Tab {
  readonly #publisher: StatePublisher

  constructor(publisher: StatePublisher) {
    this.#publisher = publisher
  }

  get state(): TabState {
    return this.#publisher.state
  }

  subscribe(listener: (state: TabState) => void): () => void {
    return this.#publisher.subscribe(listener)
  }

  setCapacity(): void {}
  retry(): void {}
  pause(): void {}
  resume(): void {}
  async leave(): Promise<void> {}
}
