import type { WorkerLink } from '../work.ts'
import { type DurationFigures, WorkerFigures } from './worker-figures.ts'
import type { WorkerSlot } from './worker-slot.ts'

/** Peers whose figures are remembered, with those that have left. */
const FIGURES_KEPT = 2_000

/** An attached worker and what became of its attempts since this owner first saw it. */
export interface WorkerStats extends Partial<DurationFigures> {
  peer_id: string
  running: number
  credits: number
  succeeded: number
  failed: number
  /** Leases that ended without an outcome. */
  lost: number
  labels: string[]
  /** Tools that it offers. */
  tools: number
  /** Epoch milliseconds of its first announcement on this link. */
  since: number
}

/** The workers that are attached now, by link and by peer, and which of them have a free credit. */
export class WorkerRoster {
  readonly #slots = new Map<WorkerLink, WorkerSlot>()
  readonly #byPeer = new Map<string, Set<WorkerSlot>>()
  readonly #figures = new Map<string, WorkerFigures>()
  /** Those with a free credit, who was served longest ago first. */
  readonly #free = new Set<WorkerSlot>()

  get size(): number {
    return this.#slots.size
  }

  get free(): ReadonlySet<WorkerSlot> {
    return this.#free
  }

  all(): Iterable<WorkerSlot> {
    return this.#slots.values()
  }

  get(link: WorkerLink): WorkerSlot | undefined {
    return this.#slots.get(link)
  }

  of(peerId: string): readonly WorkerSlot[] {
    return [...(this.#byPeer.get(peerId) ?? [])]
  }

  has(slot: WorkerSlot): boolean {
    return this.#slots.get(slot.link) === slot
  }

  add(slot: WorkerSlot): void {
    this.#slots.set(slot.link, slot)
    const ofPeer = this.#byPeer.get(slot.peer_id)
    if (ofPeer === undefined) this.#byPeer.set(slot.peer_id, new Set([slot]))
    else ofPeer.add(slot)
  }

  remove(slot: WorkerSlot): void {
    this.#slots.delete(slot.link)
    this.#free.delete(slot)
    const ofPeer = this.#byPeer.get(slot.peer_id)
    ofPeer?.delete(slot)
    if (ofPeer?.size === 0) this.#byPeer.delete(slot.peer_id)
  }

  /** A credit was spent or came free, or the credits have changed; it goes to the end of the line. */
  changed(slot: WorkerSlot): void {
    this.#free.delete(slot)
    if (slot.isFree && this.has(slot)) this.#free.add(slot)
  }

  figuresOf(peerId: string): WorkerFigures {
    let figures = this.#figures.get(peerId)
    if (figures === undefined) {
      figures = new WorkerFigures()
      this.#figures.set(peerId, figures)
      if (this.#figures.size > FIGURES_KEPT) this.#forgetOne()
    }
    return figures
  }

  stats(): WorkerStats[] {
    return [...this.#slots.values()].map(({ peer_id, running, credits, labels, tools, since }) => {
      const figures = this.#figures.get(peer_id)
      return {
        peer_id,
        running,
        credits,
        succeeded: figures?.succeeded ?? 0,
        failed: figures?.failed ?? 0,
        lost: figures?.lost ?? 0,
        labels: [...labels],
        tools: tools.size,
        since,
        ...figures?.durations,
      }
    })
  }

  #forgetOne(): void {
    for (const peerId of this.#figures.keys()) {
      if (this.#byPeer.has(peerId)) continue
      this.#figures.delete(peerId)
      return
    }
  }
}
