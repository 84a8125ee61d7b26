import { Fifo } from './fifo.ts'

/** What a child takes beside its steps, in steps. */
const CHILD = 200

/** The room that a child holds from before it is made until it has ended. */
export interface ChildRoom {
  depth: number
  weight: number
}

/** There is no room for a child now; it is told when there is. */
export class NoRoomError extends Error {
  readonly room: ChildRoom

  constructor(room: ChildRoom) {
    super('as many sub-workflows are open as may be')
    this.name = new.target.name
    this.room = room
  }
}

/**
 * Bounds the sub-workflows that are open at once, by their steps: lists of workflows over lists of workflows would
 * otherwise be open by the million. Each depth has room of its own, so that a child only ever waits for others that
 * need nothing of its depth: they end, and what waits goes on.
 */
export class ChildRooms {
  readonly #perDepth: number
  readonly #taken = new Map<number, number>()
  readonly #waiting = new Map<number, Fifo<{ room: ChildRoom; go: (room: ChildRoom) => boolean }>>()

  /** @param perDepth steps of the children of one depth */
  constructor(perDepth: number) {
    this.#perDepth = perDepth
  }

  roomFor(depth: number, steps: number): ChildRoom {
    return { depth, weight: CHILD + steps }
  }

  /** False when others are open, or wait; one that is too large for any room has it alone. */
  take(room: ChildRoom): boolean {
    if ((this.#waiting.get(room.depth)?.length ?? 0) > 0 || !this.#fits(room)) return false
    this.hold(room)
    return true
  }

  /** Takes it in any case: the child is there. */
  hold({ depth, weight }: ChildRoom): void {
    this.#taken.set(depth, this.#takenAt(depth) + weight)
  }

  /** @param go takes the room that there is then; false when it is not needed any more */
  wait(room: ChildRoom, go: (room: ChildRoom) => boolean): void {
    const line = this.#waiting.get(room.depth) ?? new Fifo()
    this.#waiting.set(room.depth, line)
    line.push({ room, go })
    this.#serve(room.depth)
  }

  give({ depth, weight }: ChildRoom): void {
    this.#taken.set(depth, this.#takenAt(depth) - weight)
    this.#serve(depth)
  }

  #serve(depth: number): void {
    const line = this.#waiting.get(depth)
    for (let next = line?.peek(); next !== undefined && this.#fits(next.room); next = line?.peek()) {
      line?.shift()
      this.hold(next.room)
      if (!next.go(next.room)) this.#taken.set(depth, this.#takenAt(depth) - next.room.weight)
    }
  }

  #fits({ depth, weight }: ChildRoom): boolean {
    const taken = this.#takenAt(depth)
    return taken === 0 || taken + weight <= this.#perDepth
  }

  #takenAt(depth: number): number {
    return this.#taken.get(depth) ?? 0
  }
}
