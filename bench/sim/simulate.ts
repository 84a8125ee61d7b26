import type { LocalPeerBook } from '../../src/shared/mesh/peers/peer-book.ts'
import type { PeerEntry } from '../../src/shared/mesh/peers/peer-entry.ts'
import { seeded } from './random.ts'
import type { SimPeer } from './sim-peer.ts'
import { VirtualClock } from './virtual-clock.ts'
import { signedWords, unsignedWords } from './words.ts'
import { POPULAR, RARE, World } from './world.ts'

/** Milliseconds of simulated time: to settle, then watched, then searched. */
const SETTLE_MS = 5 * 60_000
const WATCH_MS = 4 * 60_000
const SEEK_MS = 4 * 60_000
/** New tabs that look for the popular tool, and nodes that look for the rare one. */
const SEEKERS = 200
/** Nodes whose books are looked at. */
const LOOKED_AT = 20
/** A node that did not find a tool asks again after this time. Milliseconds. */
const ASK_AGAIN_MS = 15_000

export interface SimulationInit {
  peers: number
  seed: number
  /** Every announcement is signed and checked by real keys. */
  signed: boolean
  settleMs?: number
  watchMs?: number
  seekMs?: number
}

export interface Simulated {
  peers: number
  /** Each minute, of a peer of that kind. */
  perMinute: { node: { messages: number; bytes: number }; tab: { messages: number; bytes: number } }
  /** Milliseconds until a new tab knows a peer with the popular tool, and a node one with the rare tool. */
  popularFoundMs: number[]
  rareFoundMs: number[]
  rareSought: number
  /** Peers of whom a node has an announcement that holds (median), and the share of these that are alive. */
  known: number
  alive: number
  tasks: { submitted: number; succeeded: number; wrong: number; delayed: number; delays: number[] }
  /** Peers that left while it was watched, for each that there is. */
  churn: number
  events: number
}

/** Runs a world; the same seed gives the same figures. */
export async function simulate(init: SimulationInit): Promise<Simulated> {
  const { peers, seed, signed, settleMs = SETTLE_MS, watchMs = WATCH_MS, seekMs = SEEK_MS } = init
  const clock = new VirtualClock()
  const words = signed ? signedWords(clock) : unsignedWords(clock, seeded(seed + 2))
  const world = new World({ peers, seed, clock, words })
  await world.populate()
  await clock.run(settleMs)

  const sentBefore = structuredClone(world.links.sent)
  const leftBefore = world.left
  const popularFoundMs: number[] = []
  let seekers = 0
  world.onJoin = tab => {
    if (seekers++ < SEEKERS) whenKnown(world, tab, POPULAR, clock, ms => popularFoundMs.push(ms))
  }
  await clock.run(settleMs + watchMs)

  const counts = { node: world.nodes.length, tab: peers - world.nodes.length }
  const perMinute = (kind: 'node' | 'tab') => {
    const share = counts[kind] * (watchMs / 60_000)
    const { messages, bytes } = world.links.sent[kind]
    return {
      messages: (messages - sentBefore[kind].messages) / share,
      bytes: (bytes - sentBefore[kind].bytes) / share,
    }
  }
  const churn = (world.left - leftBefore) / peers
  const sentPerMinute = { node: perMinute('node'), tab: perMinute('tab') }
  const looked = world.nodes.slice(0, LOOKED_AT).map(({ book }) => holding(book, clock.now()))
  const sizes = looked.map(entries => entries.length).sort((x, y) => x - y)
  const told = looked.flat()
  const nodes = world.nodes
  const seekingNodes = Math.min(SEEKERS, nodes.length)
  const rareFoundMs: number[] = []
  for (let n = 0; n < seekingNodes; n++) {
    const node = nodes[Math.floor((n * nodes.length) / seekingNodes)]
    if (node !== undefined) seek(world, node, RARE, clock, ms => rareFoundMs.push(ms))
  }
  await clock.run(settleMs + watchMs + seekMs)
  const result: Simulated = {
    peers,
    perMinute: sentPerMinute,
    popularFoundMs,
    rareFoundMs,
    rareSought: seekingNodes,
    known: sizes[Math.floor(sizes.length / 2)] ?? 0,
    alive: told.filter(({ peer_id }) => world.isAlive(peer_id)).length / Math.max(1, told.length),
    tasks: tasksOf(world),
    churn,
    events: clock.fired,
  }
  await world.close()
  return result
}

/** Tells when a peer has heard of a tool, by its book alone. */
function whenKnown(
  world: World,
  peer: SimPeer,
  tool: string,
  clock: VirtualClock,
  found: (ms: number) => void,
): void {
  const began = clock.monotonic()
  const stop = peer.book.onChange(() => {
    if (!knows(world, peer, tool)) return
    stop()
    found(clock.monotonic() - began)
  })
}

/** What a client that needs a tool does: looks into the book, asks session peers, and asks again. */
function seek(
  world: World,
  peer: SimPeer,
  tool: string,
  clock: VirtualClock,
  found: (ms: number) => void,
): void {
  const began = clock.monotonic()
  const signal = new AbortController().signal
  const attempt = async (): Promise<void> => {
    if (!knows(world, peer, tool)) {
      for (const one of await peer.exchange.ask({ tool, max: 4 }, signal))
        await peer.book.hear(one, 'exchange')
    }
    if (knows(world, peer, tool)) found(clock.monotonic() - began)
    else clock.after(ASK_AGAIN_MS, () => void attempt())
  }
  void attempt()
}

function knows(world: World, peer: SimPeer, tool: string): boolean {
  return peer.book.list({ tool }).some(({ peer_id }) => world.isAlive(peer_id))
}

function holding(book: LocalPeerBook, now: number): PeerEntry[] {
  const entries = book.list({ limit: book.size })
  return entries.filter(({ announcement }) => (announcement?.expires_at ?? 0) > now)
}

function tasksOf(world: World): Simulated['tasks'] {
  const sum = { submitted: 0, succeeded: 0, wrong: 0, delayed: 0, delays: [] as number[] }
  for (const { figures } of world.owners) {
    sum.submitted += figures.submitted
    sum.succeeded += figures.succeeded
    sum.wrong += figures.wrong
    sum.delayed += figures.delayed
    sum.delays.push(...figures.delays)
  }
  return sum
}
