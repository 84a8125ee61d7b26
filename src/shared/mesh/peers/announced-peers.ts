import type { PeerRecord } from './peer-record.ts'

/** Peers that announced the same catalogue of tools. */
export interface AnnouncedGroup {
  readonly catalogueCid: string
  readonly members: PeerRecord[]
  /** Its place among the groups. */
  place: number
}

/**
 * The peers that told of themselves, to pick some at random. Every other one is picked by way of its catalogue, each of which
 * counts alike: who has tools that few have is told of as often as the many that have the same, and so a rare tool is soon
 * known everywhere, though nobody knows everybody.
 */
export class AnnouncedPeers {
  readonly #all: PeerRecord[] = []
  readonly #groups: AnnouncedGroup[] = []
  readonly #byCatalogue = new Map<string, AnnouncedGroup>()
  /** In [0, 1). */
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  get size(): number {
    return this.#all.length
  }

  /** In no order. */
  all(): readonly PeerRecord[] {
    return this.#all
  }

  /** Takes a peer in, or to its group where its catalogue has changed. */
  put(record: PeerRecord): void {
    const catalogueCid = record.announced?.said.catalogue_cid
    if (catalogueCid === undefined) return
    const group = record.group
    if (group !== undefined) {
      if (group.catalogueCid === catalogueCid) return
      this.remove(record)
    }
    record.place = this.#all.push(record) - 1
    record.group = this.#group(catalogueCid)
    record.groupPlace = record.group.members.push(record) - 1
  }

  remove(record: PeerRecord): void {
    const { group } = record
    if (group === undefined) return
    const last = this.#all.pop()
    if (last !== undefined && last !== record) {
      this.#all[record.place] = last
      last.place = record.place
    }
    const lastOfGroup = group.members.pop()
    if (lastOfGroup !== undefined && lastOfGroup !== record) {
      group.members[record.groupPlace] = lastOfGroup
      lastOfGroup.groupPlace = record.groupPlace
    }
    if (group.members.length === 0) this.#removeGroup(group)
    record.group = undefined
  }

  /** One of all, or one of a catalogue picked among all, by turns of `turn`. */
  pick(turn: number): PeerRecord | undefined {
    const among = turn % 2 === 0 ? this.#all : (this.#one(this.#groups)?.members ?? [])
    return this.#one(among)
  }

  #one<T>(among: readonly T[]): T | undefined {
    return among[Math.floor(this.#random() * among.length)]
  }

  #group(catalogueCid: string): AnnouncedGroup {
    const known = this.#byCatalogue.get(catalogueCid)
    if (known !== undefined) return known
    const group: AnnouncedGroup = { catalogueCid, members: [], place: this.#groups.length }
    this.#groups.push(group)
    this.#byCatalogue.set(catalogueCid, group)
    return group
  }

  #removeGroup(group: AnnouncedGroup): void {
    this.#byCatalogue.delete(group.catalogueCid)
    const last = this.#groups.pop()
    if (last === undefined || last === group) return
    this.#groups[group.place] = last
    last.place = group.place
  }
}
