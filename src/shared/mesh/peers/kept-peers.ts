import type { PeerRecord } from './peer-record.ts'

/** Who goes first when there is no room, and who next. Those that are connected never do. */
const TIERS = ['heard', 'met', 'granted'] as const
type Tier = (typeof TIERS)[number]

export interface KeptPeersInit {
  /** Most peers. */
  entries: number
  isGranted: (peerId: string) => boolean
  /** A peer had to go. */
  onForgotten: (record: PeerRecord) => void
}

/**
 * The peers of a book, and in which order they are forgotten: each tier is a line, who was heard of longest ago in
 * front, so that the next to go and the next whose time is over are found at once, however many there are.
 */
export class KeptPeers {
  readonly #init: KeptPeersInit
  readonly #all = new Map<string, PeerRecord>()
  readonly #lines: Record<Tier, Set<PeerRecord>> = { heard: new Set(), met: new Set(), granted: new Set() }

  constructor(init: KeptPeersInit) {
    this.#init = init
  }

  get size(): number {
    return this.#all.size
  }

  get(peerId: string): PeerRecord | undefined {
    return this.#all.get(peerId)
  }

  all(): Iterable<PeerRecord> {
    return this.#all.values()
  }

  /** Takes a new peer in; false when all that are known count for more. */
  add(record: PeerRecord): boolean {
    if (this.#all.size >= this.#init.entries && !this.#makeRoom()) return false
    this.#all.set(record.peerId, record)
    return true
  }

  /** To the end of its line, to be looked at again at `due`; who is connected stands in none. */
  touch(record: PeerRecord, due: number): void {
    for (const tier of TIERS) this.#lines[tier].delete(record)
    record.due = due
    if (record.link === undefined) this.#lines[this.#tierOf(record)].add(record)
  }

  forget(record: PeerRecord): void {
    for (const tier of TIERS) this.#lines[tier].delete(record)
    this.#all.delete(record.peerId)
    this.#init.onForgotten(record)
  }

  /** The next time that somebody is to be looked at; undefined where nobody waits. */
  get due(): number | undefined {
    const fronts = TIERS.flatMap(tier => [...this.#lines[tier].values().take(1)])
    return fronts.length === 0 ? undefined : Math.min(...fronts.map(record => record.due))
  }

  /** Those whose time has come. */
  overdue(now: number): PeerRecord[] {
    return TIERS.flatMap(tier => {
      const over: PeerRecord[] = []
      for (const record of this.#lines[tier]) {
        if (record.due > now) break
        over.push(record)
      }
      return over
    })
  }

  #tierOf(record: PeerRecord): Tier {
    if (this.#init.isGranted(record.peerId)) return 'granted'
    return record.met ? 'met' : 'heard'
  }

  /** A grant may have come since a peer was put in its line: then it moves on, and the next one is looked at. */
  #makeRoom(): boolean {
    for (const tier of TIERS) {
      for (const record of this.#lines[tier]) {
        if (this.#tierOf(record) === tier) {
          this.forget(record)
          return true
        }
        this.touch(record, record.due)
      }
    }
    return false
  }
}
