import type { Authority } from '../shared/authority/authority.ts'
import type { Clock } from '../shared/clock.ts'
import type { PeerView } from '../shared/mcp/views.ts'
import type { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import type { PeerEntry } from '../shared/mesh/peers/peer-entry.ts'
import type { TaskEvent } from '../shared/queue/task.ts'

/** Peers in one list: those with a session (connections have a limit of their own), and without one, those seen last. */
const MOST_CONNECTED = 2_500
const MOST_AWAY = 200
/** Peers whose ended tasks are counted; who ran something longest ago is forgotten first. */
const COUNTED = 2_000

const NONE_ENDED = { succeeded: 0, failed: 0 }

/** What the queue knows of each worker that is there. */
export interface WorkerFigures {
  peer_id: string
  running: number
  credits: number
  labels: readonly string[]
}

export interface PeerDirectoryInit {
  self: {
    peerId: string
    name: string
    agent: string
    labels: string[]
    tools: number
    startedAt: number
    addresses: () => readonly string[]
  }
  book: Pick<LocalPeerBook, 'entry' | 'list' | 'toolsOf' | 'counts' | 'onChange'>
  roundTrip: (peerId: string) => number | undefined
  authority: Pick<Authority, 'principalOfPeer'>
  queue: { workers(): readonly WorkerFigures[]; onChange(listener: (event: TaskEvent) => void): () => void }
  clock: Clock
}

/** Who is in the mesh, for people and clients: the peer book, the queue and the authority seen together. Nothing that decides reads it. */
export class PeerDirectory {
  readonly #init: PeerDirectoryInit
  readonly #listeners = new Set<() => void>()
  /** Tasks that ended by an outcome of this peer, since this node started. */
  readonly #ended = new Map<string, { succeeded: number; failed: number }>()

  constructor(init: PeerDirectoryInit) {
    this.#init = init
    init.queue.onChange(event => this.#count(event))
    init.book.onChange(() => this.#changed())
  }

  /** Calls `fn` when a peer came, changed or left; the returned function ends it. */
  onChange(fn: () => void): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  /** This node first, then the connected peers, then those seen last. */
  list(): PeerView[] {
    const workers = new Map(this.#init.queue.workers().map(worker => [worker.peer_id, worker]))
    const { book } = this.#init
    const connected = book.list({ connected: true, limit: MOST_CONNECTED })
    const away = book.list({ connected: false, limit: MOST_AWAY })
    const others = [...connected, ...away].map(entry => this.#view(entry, workers.get(entry.peer_id)))
    return [this.#self(workers.get(this.#init.self.peerId)), ...others]
  }

  counts(): { nodes: number; tabs: number } {
    const { nodes, tabs } = this.#init.book.counts()
    return { nodes: nodes + 1, tabs }
  }

  #self(worker: WorkerFigures | undefined): PeerView {
    const { self, clock } = this.#init
    return {
      peer_id: self.peerId,
      self: true,
      kind: 'node',
      name: self.name,
      agent: self.agent,
      labels: [...(worker?.labels ?? self.labels)],
      roles: ['admin'],
      connected: true,
      draining: false,
      addresses: self.addresses().map(address => ({ address, sources: [], failures: 0 })),
      transports: [],
      tools: self.tools,
      ...this.#figures(self.peerId, worker),
      first_seen: new Date(self.startedAt).toISOString(),
      last_seen: new Date(clock.now()).toISOString(),
    }
  }

  #view(entry: PeerEntry, worker: WorkerFigures | undefined): PeerView {
    const { roundTrip, authority, book, clock } = this.#init
    const { peer_id, name, agent, connected, path, direction, catalogue_cid, capacity } = entry
    const rtt = (connected ? roundTrip(peer_id) : undefined) ?? entry.rtt_ms
    return {
      peer_id,
      self: false,
      kind: entry.kind ?? 'node',
      ...(name === undefined ? {} : { name }),
      ...(agent === undefined ? {} : { agent }),
      labels: [...(worker?.labels ?? entry.labels)],
      roles: [...(authority.principalOfPeer(peer_id)?.roles ?? [])],
      standing: entry.standing,
      connected,
      draining: entry.draining,
      ...(path === undefined ? {} : { path }),
      ...(direction === undefined ? {} : { direction }),
      ...(rtt === undefined ? {} : { rtt_ms: tenths(rtt) }),
      addresses: entry.addresses.map(addressView),
      transports: [...new Set(entry.addresses.map(known => known.path))],
      ...(catalogue_cid === undefined ? {} : { catalogue_cid }),
      tools: book.toolsOf(peer_id)?.length ?? 0,
      ...(capacity === undefined ? {} : { capacity }),
      ...(entry.running === undefined ? {} : { load: entry.running }),
      ...this.#figures(peer_id, worker),
      first_seen: new Date(entry.first_seen).toISOString(),
      last_seen: new Date(connected ? clock.now() : entry.last_seen).toISOString(),
    }
  }

  #figures(
    peerId: string,
    worker: WorkerFigures | undefined,
  ): Pick<PeerView, 'running' | 'credits' | 'succeeded' | 'failed'> {
    const { running = 0, credits = 0 } = worker ?? {}
    return { running, credits, ...(this.#ended.get(peerId) ?? NONE_ENDED) }
  }

  #count({ state, peer_id }: TaskEvent): void {
    if (peer_id === undefined) return
    if (state === 'succeeded' || state === 'failed') {
      const before = this.#ended.get(peer_id) ?? NONE_ENDED
      this.#ended.delete(peer_id)
      this.#ended.set(peer_id, { ...before, [state]: before[state] + 1 })
      if (this.#ended.size > COUNTED) this.#ended.delete(this.#ended.keys().next().value ?? '')
    }
    this.#changed()
  }

  #changed(): void {
    for (const fn of this.#listeners) fn()
  }
}

function addressView(known: PeerEntry['addresses'][number]): PeerView['addresses'][number] {
  const { address, path, sources, failures, last_success, dial_ms } = known
  return {
    address,
    path,
    sources: [...sources],
    failures,
    ...(last_success === undefined ? {} : { last_success: new Date(last_success).toISOString() }),
    ...(dial_ms === undefined ? {} : { dial_ms: tenths(dial_ms) }),
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
