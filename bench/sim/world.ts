/**
 * A mesh of nodes, each with tabs of its own, that come and go.
 *
 * - One peer in a hundred is a node with sessions to four others; each of the others is a tab with a session to one node.
 * - Session lengths are exponential: 15 minutes for a tab, 12 hours for a node. (Stutzbach and Rejaie, "Understanding Churn in Peer-to-Peer
 *   Networks", IMC 2006, found lengths of minutes to hours with a heavier tail: the exponential one is the harder case, as long-lived
 *   peers do not stand out.) Whoever leaves is replaced by somebody new, so that the number stays.
 * - One in ten that leave does so without a word; the other side notices after 30 s.
 * - A peer is 5 to 75 ms from the middle of the network.
 */
import { catalogueCid } from '../../src/shared/mesh/peers/catalogues.ts'
import { Links } from './links.ts'
import { exponential, pick, type Random, seeded } from './random.ts'
import { SimPeer } from './sim-peer.ts'
import { TaskOwner } from './task-owner.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { Words } from './words.ts'

export const TABS_OF_A_NODE = 99
const NODES_OF_A_NODE = 4
const TAB_STAYS_MS = 15 * 60_000
const NODE_STAYS_MS = 12 * 3_600_000
const SILENT_SHARE = 0.1
const NOTICED_AFTER_MS = 30_000
/** Half of all peers have the popular tool; one in so many, and one at least, the rare one: whoever comes in its place has it too. */
const RARE_ONE_IN = 10_000

/** Peers that a book holds: a node's own limit, and less for a tab than it has, as a hundred thousand of them share one memory. */
const NODE_ENTRIES = 10_000
const TAB_ENTRIES = 64

/** Nodes that own tasks; what happens to tasks happens at each node alone, so a few of them say all. */
const OWNERS = 20
const WORK_MS = 10_000
/** Share of the workers' time that is asked for. */
const LOAD = 0.6

const COMMON = ['bafkreicommon1', 'bafkreicommon2']
export const POPULAR = 'bafkreipopular'
export const RARE = 'bafkreirare'
const CATALOGUES = [COMMON, [...COMMON, POPULAR], [...COMMON, RARE]] as const

export interface WorldInit {
  peers: number
  seed: number
  clock: VirtualClock
  words: Words
}

interface Node {
  peer: SimPeer
  tabs: Set<SimPeer>
  owner: TaskOwner | undefined
}

export class World {
  readonly links: Links
  /** Peers that joined since the start, and those that left. */
  joined = 0
  left = 0
  readonly #init: WorldInit
  readonly #random: Random
  readonly #nodes: Node[] = []
  readonly #owners: TaskOwner[] = []
  readonly #living = new Set<string>()
  /** Called for each tab that joined, with its node. */
  onJoin: ((peer: SimPeer) => void) | undefined

  constructor(init: WorldInit) {
    this.#init = init
    this.#random = seeded(init.seed)
    this.links = new Links(init.clock, init.seed + 1)
  }

  get nodes(): readonly SimPeer[] {
    return this.#nodes.map(({ peer }) => peer)
  }

  get owners(): readonly TaskOwner[] {
    return this.#owners
  }

  isAlive(peerId: string): boolean {
    return this.#living.has(peerId)
  }

  /** Everybody joins within the first minute. */
  async populate(): Promise<void> {
    const nodes = Math.max(2, Math.round(this.#init.peers / (TABS_OF_A_NODE + 1)))
    for (let n = 0; n < nodes; n++) {
      const node = await this.#addNode(n < OWNERS)
      for (let t = 0; t < Math.round(this.#init.peers / nodes) - 1; t++) {
        const rare = t === 0 && n % (RARE_ONE_IN / (TABS_OF_A_NODE + 1)) === 0
        this.#later(this.#random() * 60_000, () => this.#addTab(node, rare))
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#owners.map(owner => owner.close()))
  }

  async #addNode(owns: boolean): Promise<Node> {
    const peer = await this.#newPeer('node', NODE_ENTRIES)
    const owner = owns
      ? new TaskOwner({ peerId: peer.id, clock: this.#init.clock, random: this.#random, workMs: WORK_MS })
      : undefined
    await owner?.start()
    if (owner !== undefined) this.#owners.push(owner)
    const node = { peer, tabs: new Set<SimPeer>(), owner }
    for (let tries = 0; tries < 2 * NODES_OF_A_NODE && peer.partners.length < NODES_OF_A_NODE; tries++) {
      const other = pick(this.#random, this.#nodes)?.peer
      if (other !== undefined && !peer.partners.includes(other)) meet(peer, other)
    }
    this.#nodes.push(node)
    if (owner !== undefined) this.#submitForever(node, owner)
    this.#later(exponential(this.#random, NODE_STAYS_MS), () => this.#nodeLeaves(node))
    return node
  }

  async #addTab(node: Node, rare = false): Promise<void> {
    if (!node.peer.alive) return
    const tab = await this.#newPeer('tab', TAB_ENTRIES, rare)
    node.tabs.add(tab)
    meet(tab, node.peer)
    const departure = node.owner?.join(tab.id, node.peer.distanceMs + tab.distanceMs)
    this.joined += 1
    this.onJoin?.(tab)
    this.#later(exponential(this.#random, TAB_STAYS_MS), async () => {
      if (!node.tabs.delete(tab)) return
      this.left += 1
      departure?.vanish()
      await this.#parts(tab, [node.peer], () => departure?.noticed())
      await this.#addTab(node, rare)
    })
  }

  async #nodeLeaves(node: Node): Promise<void> {
    // An owner's own end is another matter than its workers': its tasks wait for it to come back.
    if (node.owner !== undefined) return
    this.#nodes.splice(this.#nodes.indexOf(node), 1)
    this.left += 1
    const tabs = [...node.tabs]
    node.tabs.clear()
    await this.#parts(node.peer, node.peer.partners, () => {})
    for (const tab of tabs) this.#living.delete(tab.id)
    await Promise.all(tabs.map(tab => tab.leave()))
    const next = await this.#addNode(false)
    for (const _ of tabs) this.#later(this.#random() * 60_000, () => this.#addTab(next))
  }

  /** The peer is gone; those it had sessions with notice now or later. */
  async #parts(peer: SimPeer, partners: readonly SimPeer[], noticed: () => void): Promise<void> {
    this.#living.delete(peer.id)
    await peer.leave()
    const notice = (): void => {
      for (const partner of partners) partner.part(peer)
      noticed()
    }
    if (this.#random() < SILENT_SHARE) this.#later(NOTICED_AFTER_MS, async () => notice())
    else notice()
  }

  async #newPeer(kind: 'node' | 'tab', entries: number, rare = false): Promise<SimPeer> {
    const { clock, words } = this.#init
    const random = this.#random
    const tools = CATALOGUES[rare ? 2 : random() < 0.5 ? 1 : 0]
    const port = 1024 + Math.floor(random() * 60_000)
    const address = `/ip4/10.${port % 250}.${port % 199}.${port % 97}/tcp/${port}`
    const { id, voice } = await words.voice({ kind, address, catalogue_cid: catalogueCid(tools) })
    const peer = new SimPeer({
      id,
      kind,
      distanceMs: 5 + 70 * random(),
      entries,
      voice,
      verify: words.verify,
      links: this.links,
      clock,
      random,
    })
    peer.book.learnCatalogue(tools)
    this.#living.add(id)
    return peer
  }

  /** Tasks come at random times (a Poisson process), as many as keep the workers busy for their share. */
  #submitForever(node: Node, owner: TaskOwner): void {
    const perMs = (LOAD * TABS_OF_A_NODE) / WORK_MS
    this.#later(exponential(this.#random, 1 / perMs), async () => {
      if (node.tabs.size > 0) await owner.submit()
      this.#submitForever(node, owner)
    })
  }

  #later(ms: number, fn: () => Promise<void>): void {
    this.#init.clock.after(Math.round(ms), () => void fn())
  }
}

function meet(dialler: SimPeer, other: SimPeer): void {
  dialler.meet(other, true)
  other.meet(dialler, false)
}
