import type { Clock } from '../clock.ts'
import type { BlobOffers } from './blob-offers.ts'
import type { MeshGate } from './host-contract.ts'
import type { MeshSession } from './session.ts'

/**
 * Two peers that dial each other at once make two sessions within this time, in milliseconds; a session that
 * comes later means that its dialler has lost the one before.
 */
const SIMULTANEOUS_MS = 5000

interface Entry {
  session: MeshSession
  since: number
}

export interface SessionBookInit {
  ownPeerId: string
  gate: MeshGate
  clock: Clock
  limits: { ungrantedSessions: number; ungrantedMs: number }
}

/** The open sessions: one for each peer, and few for peers without a grant. */
export class SessionBook {
  readonly #init: SessionBookInit
  readonly #kept = new Map<string, Entry>()
  /** All that are open, those too that are about to be closed for another: their blobs may still be fetched. */
  readonly #open = new Set<MeshSession>()
  readonly #listeners = new Set<(session: MeshSession) => void>()

  constructor(init: SessionBookInit) {
    this.#init = init
  }

  get(peerId: string): MeshSession | undefined {
    return this.#kept.get(peerId)?.session
  }

  all(): MeshSession[] {
    return [...this.#kept.values()].map(entry => entry.session)
  }

  onSession(fn: (session: MeshSession) => void): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  /** Whether a new session of this peer may begin. */
  admits(peerId: string): boolean {
    const { gate, limits } = this.#init
    if (gate.isGranted(peerId) || this.#kept.has(peerId)) return true
    const ungranted = this.all().filter(session => !gate.isGranted(session.peerId))
    return ungranted.length < limits.ungrantedSessions
  }

  /** Takes a new session in and gives the one that stays for its peer. */
  add(session: MeshSession): MeshSession {
    const { clock } = this.#init
    const { peerId } = session
    const before = this.#kept.get(peerId)
    this.#open.add(session)
    void session.closed.then(() => this.#closed(session))
    if (before !== undefined && this.#survives(before, session)) {
      void session.close({ code: 'closed', message: 'another session with this peer is open' })
      return before.session
    }
    this.#kept.set(peerId, { session, since: clock.monotonic() })
    void before?.session.close({ code: 'closed', message: 'a newer session with this peer is open' })
    if (session.direction === 'inbound') this.#limitUngranted(session)
    for (const listener of this.#listeners) listener(session)
    return session
  }

  /** The offers of a peer's sessions that hold a blob. */
  offersOf(peerId: string, cid: string): BlobOffers | undefined {
    for (const session of this.#open) {
      if (session.peerId === peerId && session.offers.get(cid) !== undefined) return session.offers
    }
    return undefined
  }

  /** Both ends must choose alike: of two that crossed, the one that the smaller peer id dialled. */
  #survives(before: Entry, next: MeshSession): boolean {
    const { clock, ownPeerId } = this.#init
    if (before.session.direction === next.direction) return false
    if (clock.monotonic() - before.since > SIMULTANEOUS_MS) return false
    const dialler = before.session.direction === 'outbound' ? ownPeerId : next.peerId
    const other = dialler === ownPeerId ? next.peerId : ownPeerId
    return dialler < other
  }

  #limitUngranted(session: MeshSession): void {
    const { clock, gate, limits } = this.#init
    if (gate.isGranted(session.peerId)) return
    const stop = clock.after(limits.ungrantedMs, () => {
      if (gate.isGranted(session.peerId)) return
      void session.close({ code: 'forbidden', message: 'this peer has no grant' })
    })
    void session.closed.then(stop)
  }

  #closed(session: MeshSession): void {
    this.#open.delete(session)
    if (this.#kept.get(session.peerId)?.session === session) this.#kept.delete(session.peerId)
  }
}
