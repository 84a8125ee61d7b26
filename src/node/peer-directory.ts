import type { Authority } from '../shared/authority/authority.ts'
import type { Clock } from '../shared/clock.ts'
import type { PeerView } from '../shared/mcp/views.ts'
import type { Session } from '../shared/mesh/session-contract.ts'
import type { TaskEvent } from '../shared/queue/task.ts'
import type { Announcement } from '../shared/queue/work.ts'

/** Peers remembered after they left, so that a person sees who was there; the one gone longest is forgotten first. */
const DEPARTED_KEPT = 200

const NONE_ENDED = { succeeded: 0, failed: 0 }

interface Entry {
  peerId: string
  /** The session that stands for the peer now; undefined after it left. */
  session: Session | undefined
  announcement: Announcement | undefined
  agent: string | undefined
  firstSeen: number
  lastSeen: number
}

/** What the queue knows of each worker that is there. */
export interface WorkerFigures {
  peer_id: string
  running: number
  credits: number
  labels: readonly string[]
}

export interface PeerDirectoryInit {
  self: { peerId: string; name: string; agent: string; labels: string[]; tools: number; startedAt: number }
  roundTrip: (peerId: string) => number | undefined
  authority: Pick<Authority, 'principalOfPeer'>
  queue: { workers(): readonly WorkerFigures[]; onChange(listener: (event: TaskEvent) => void): () => void }
  clock: Clock
}

/** Who is in the mesh as this node sees it, for people and clients; nothing that decides reads it. */
export class PeerDirectory {
  readonly #init: PeerDirectoryInit
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<() => void>()
  /** Tasks that ended by an outcome of this peer, since this node started. */
  readonly #ended = new Map<string, { succeeded: number; failed: number }>()

  constructor(init: PeerDirectoryInit) {
    this.#init = init
    init.queue.onChange(event => this.#count(event))
  }

  /** Calls `fn` when a peer came, changed or left; the returned function ends it. */
  onChange(fn: () => void): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  joined(session: Session, agent?: string): void {
    const now = this.#init.clock.now()
    const known = this.#entries.get(session.peerId)
    this.#entries.delete(session.peerId)
    this.#entries.set(session.peerId, {
      peerId: session.peerId,
      session,
      announcement: known?.announcement,
      agent: agent ?? known?.agent,
      firstSeen: known?.firstSeen ?? now,
      lastSeen: now,
    })
    this.#changed()
  }

  /** Something that is read from elsewhere (the round trip) is new. */
  touched(): void {
    this.#changed()
  }

  announced(peerId: string, announcement: Announcement): void {
    const entry = this.#entries.get(peerId)
    if (entry === undefined) return
    entry.announcement = announcement
    entry.lastSeen = this.#init.clock.now()
    this.#changed()
  }

  left(session: Session): void {
    const entry = this.#entries.get(session.peerId)
    if (entry?.session !== session) return
    entry.session = undefined
    entry.lastSeen = this.#init.clock.now()
    const departed = [...this.#entries.values()].filter(({ session }) => session === undefined)
    if (departed.length > DEPARTED_KEPT) {
      const oldest = departed.reduce((a, b) => (a.lastSeen <= b.lastSeen ? a : b))
      this.#entries.delete(oldest.peerId)
      this.#ended.delete(oldest.peerId)
    }
    this.#changed()
  }

  /** This node first, then the connected peers, then those that left. */
  list(): PeerView[] {
    const workers = new Map(this.#init.queue.workers().map(worker => [worker.peer_id, worker]))
    const others = [...this.#entries.values()].map(entry => this.#view(entry, workers.get(entry.peerId)))
    others.sort(
      (a, b) => Number(b.connected) - Number(a.connected) || a.first_seen.localeCompare(b.first_seen),
    )
    return [this.#self(workers.get(this.#init.self.peerId)), ...others]
  }

  counts(): { nodes: number; tabs: number } {
    const connected = [...this.#entries.values()].filter(entry => entry.session !== undefined)
    const tabs = connected.filter(entry => kindOf(entry) === 'tab').length
    return { nodes: connected.length - tabs + 1, tabs }
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
      tools: self.tools,
      ...this.#figures(self.peerId, worker),
      first_seen: new Date(self.startedAt).toISOString(),
      last_seen: new Date(clock.now()).toISOString(),
    }
  }

  #view(entry: Entry, worker: WorkerFigures | undefined): PeerView {
    const { roundTrip, authority } = this.#init
    const { peerId, session, announcement, agent } = entry
    const rtt = session === undefined ? undefined : roundTrip(peerId)
    return {
      peer_id: peerId,
      self: false,
      kind: kindOf(entry),
      ...(agent === undefined ? {} : { agent }),
      labels: [...(worker?.labels ?? announcement?.labels ?? [])],
      roles: [...(authority.principalOfPeer(peerId)?.roles ?? [])],
      connected: session !== undefined,
      ...(session === undefined ? {} : { path: session.path, direction: session.direction }),
      ...(rtt === undefined ? {} : { rtt_ms: Math.round(rtt * 10) / 10 }),
      tools: announcement?.tools.length ?? 0,
      ...this.#figures(peerId, worker),
      first_seen: new Date(entry.firstSeen).toISOString(),
      last_seen: new Date(session === undefined ? entry.lastSeen : this.#init.clock.now()).toISOString(),
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
      this.#ended.set(peer_id, { ...before, [state]: before[state] + 1 })
    }
    this.#changed()
  }

  #changed(): void {
    for (const fn of this.#listeners) fn()
  }
}

function kindOf({ announcement }: Entry): 'node' | 'tab' {
  return announcement?.labels.includes('kind:tab') ? 'tab' : 'node'
}
