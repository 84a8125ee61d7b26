import type { SignedAnnouncement } from '../peers/announcement.ts'
import type { DiscoveryInit } from './discovery.ts'
import type { DiscoverySource, Found } from './discovery-source.ts'

/** The words of a peer, with no more in them than discovery itself looks at, and nobody's signature. */
export function wordsOf(peerId: string, seq = 1): SignedAnnouncement {
  return { text: JSON.stringify({ peer_id: peerId, seq }), signature: 'none' }
}

/** A book that believes everything. */
export class OpenBook implements Pick<DiscoveryInit['book'], 'hear' | 'addressesOf' | 'size'> {
  readonly heard: { found: Found; source: string }[] = []
  size = 0

  async hear(found: Found, source: string): Promise<'new'> {
    this.heard.push({ found, source })
    return 'new'
  }

  addressesOf(peerId: string): string[] {
    return this.heard.flatMap(({ found }) =>
      'addresses' in found && found.peer_id === peerId ? found.addresses : [],
    )
  }
}

/** Own words that can be changed by hand. */
export class OwnWords {
  #now: SignedAnnouncement | undefined
  readonly #listeners = new Set<() => void>()

  constructor(now?: SignedAnnouncement) {
    this.#now = now
  }

  current(): SignedAnnouncement | undefined {
    return this.#now
  }

  onChange(fn: () => void): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  set(next: SignedAnnouncement): void {
    this.#now = next
    for (const fn of this.#listeners) fn()
  }
}

/** A source in memory: `work` runs at each look and each publication, and may fail. */
export class TestSource implements DiscoverySource {
  readonly name = 'file'
  readonly everyMs: number
  readonly floods: boolean
  looks = 0
  published: SignedAnnouncement[] = []
  withdrawn = false
  closed = false
  ready: () => void = () => {}
  told: (found: Found) => void = () => {}
  work: (signal: AbortSignal) => Promise<Found[]> = async () => []

  constructor({ everyMs = 60_000, floods = false } = {}) {
    this.everyMs = everyMs
    this.floods = floods
  }

  async find(signal: AbortSignal): Promise<Found[]> {
    this.looks += 1
    return this.work(signal)
  }

  async publish(announcement: SignedAnnouncement, signal: AbortSignal): Promise<void> {
    await this.work(signal)
    this.published.push(announcement)
  }

  async withdraw(): Promise<void> {
    this.withdrawn = true
  }

  listen(onFound: (found: Found) => void): () => void {
    this.told = onFound
    return () => {
      this.told = () => {}
    }
  }

  onReady(fn: () => void): () => void {
    this.ready = fn
    return () => {}
  }

  async close(): Promise<void> {
    this.closed = true
  }
}
