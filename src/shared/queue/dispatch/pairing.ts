import type { Taken, WaitingTasks } from '../waiting/waiting-tasks.ts'
import type { WorkerRoster } from './worker-roster.ts'
import type { WorkerSlot } from './worker-slot.ts'

export interface PairingInit {
  roster: WorkerRoster
  waiting: Pick<WaitingTasks<WorkerSlot>, 'take' | 'readyFor'>
  /** No work is given out now. */
  rests: () => boolean
  /** Leases what was taken to the worker, whose credit is spent at once. */
  lease: (taken: Taken, slot: WorkerSlot) => void
}

/**
 * Brings waiting tasks and free workers together. What it costs goes by what there is to give out, not by how many
 * workers there are. Workers are served in turn, who was served longest ago first.
 */
export class Pairing {
  readonly #init: PairingInit
  /** Workers whose credit came free. */
  readonly #hungry = new Set<WorkerSlot>()
  /** Workers that could run what became ready: one set, always the same, for tasks that are alike. */
  readonly #woken = new Set<ReadonlySet<WorkerSlot>>()
  /** Workers that pull, found nothing (or too little) and have not been told of more since. */
  readonly #idlePullers = new Set<WorkerSlot>()
  /** Workers that were told and have not come since. */
  readonly #told = new Set<WorkerSlot>()
  #isPlanned = false

  constructor(init: PairingInit) {
    this.#init = init
  }

  /** Tasks became ready that these workers can run. */
  woke(workers: ReadonlySet<WorkerSlot>): void {
    this.#woken.add(workers)
    this.plan()
  }

  /** A credit of the worker came free, or it offers something else. */
  freed(slot: WorkerSlot): void {
    if (slot.isFree) this.#hungry.add(slot)
    this.plan()
  }

  /** The worker came to pull; `hasEnough`: it got all that it asked for, and comes again by itself. */
  pulled(slot: WorkerSlot, hasEnough: boolean): void {
    this.#told.delete(slot)
    if (hasEnough || slot.link.workWaits === undefined) this.#idlePullers.delete(slot)
    else this.#idlePullers.add(slot)
  }

  left(slot: WorkerSlot): void {
    this.#hungry.delete(slot)
    this.#idlePullers.delete(slot)
    // What it was told of is for the others now.
    if (this.#told.delete(slot)) this.woke(new Set(this.#idlePullers))
  }

  /** Soon, but as a part of the commit that begins now. */
  plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    queueMicrotask(() => {
      this.#isPlanned = false
      if (!this.#init.rests()) this.#pair()
    })
  }

  #pair(): void {
    while (this.#hungry.size > 0) {
      for (const slot of [...this.#hungry]) if (!this.#serve(slot)) this.#hungry.delete(slot)
    }
    for (const workers of this.#woken) {
      this.#woken.delete(workers)
      this.#serveAll(workers)
      this.#tellPullers(workers)
    }
  }

  /** Serves those of the workers that are free, one task to each in turn, while there is something for them. */
  #serveAll(workers: ReadonlySet<WorkerSlot>): void {
    const { free } = this.#init.roster
    if (free.size <= workers.size) {
      // Who was served and is still free stands at its end again.
      for (const slot of free) if (workers.has(slot) && !this.#serve(slot)) return
      return
    }
    for (let served = true; served; ) {
      served = false
      for (const slot of workers) {
        if (!free.has(slot)) continue
        if (!this.#serve(slot)) return
        served = true
      }
    }
  }

  #serve(slot: WorkerSlot): boolean {
    const taken = slot.isFree ? this.#init.waiting.take(slot) : undefined
    if (taken === undefined) return false
    this.#init.lease(taken, slot)
    return true
  }

  /** As many as there are tasks left for. */
  #tellPullers(workers: ReadonlySet<WorkerSlot>): void {
    let told = 0
    for (const slot of this.#idlePullers) {
      if (!workers.has(slot)) continue
      if (this.#init.waiting.readyFor(slot) <= told) break
      told += 1
      this.#idlePullers.delete(slot)
      this.#told.add(slot)
      slot.link.workWaits?.()
    }
  }
}
