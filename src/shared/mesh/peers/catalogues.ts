import { cidOf } from '../../artifacts/cid.ts'
import type { PeerBookLimits } from './peer-book-limits.ts'

/** CID of a catalogue: of the canonical JSON of its sorted interface CIDs, each once. */
export function catalogueCid(interfaceCids: Iterable<string>): string {
  return cidOf(sortedOnce(interfaceCids))
}

/**
 * What tools peers have, by the CID of the list: peers of one build share one. Those used least recently go first.
 * A list proves itself by its CID, so it may come from anybody.
 */
export class Catalogues {
  readonly #limits: Pick<PeerBookLimits, 'catalogues' | 'cataloguedTools'>
  readonly #lists = new Map<string, readonly string[]>()
  /** CIDs that peers announced and nobody has told the list of. */
  readonly #missing = new Set<string>()

  constructor(limits: Pick<PeerBookLimits, 'catalogues' | 'cataloguedTools'>) {
    this.#limits = limits
  }

  /** Takes a list in and gives its CID; undefined for one that is too long. */
  learn(interfaceCids: readonly string[]): string | undefined {
    if (interfaceCids.length > this.#limits.cataloguedTools) return undefined
    const list = sortedOnce(interfaceCids)
    const cid = cidOf(list)
    this.#missing.delete(cid)
    this.#put(cid, list)
    return cid
  }

  /** Sorted. */
  get(cid: string): readonly string[] | undefined {
    const list = this.#lists.get(cid)
    if (list !== undefined) this.#put(cid, list)
    return list
  }

  /** A peer announced it. Who names some that nobody has must not be the reason that others are not asked for. */
  named(cid: string): void {
    if (this.#lists.has(cid) || this.#missing.has(cid)) return
    this.#missing.add(cid)
    if (this.#missing.size <= this.#limits.catalogues) return
    const [oldest] = this.#missing
    if (oldest !== undefined) this.#missing.delete(oldest)
  }

  /** Some of those that are not known; they are asked for again only after the others. */
  missing(max: number): string[] {
    const some = [...this.#missing.values().take(max)]
    for (const cid of some) {
      this.#missing.delete(cid)
      this.#missing.add(cid)
    }
    return some
  }

  /** The CIDs of the lists that hold this tool. */
  holding(interfaceCid: string): ReadonlySet<string> {
    const holding = [...this.#lists].filter(([, list]) => list.includes(interfaceCid))
    return new Set(holding.map(([cid]) => cid))
  }

  #put(cid: string, list: readonly string[]): void {
    this.#lists.delete(cid)
    this.#lists.set(cid, list)
    if (this.#lists.size <= this.#limits.catalogues) return
    const [oldest] = this.#lists.keys()
    if (oldest !== undefined) this.#lists.delete(oldest)
  }
}

function sortedOnce(interfaceCids: Iterable<string>): string[] {
  return [...new Set(interfaceCids)].sort()
}
