import { type HeapItem, MinHeap } from '../min-heap.ts'
import type { LaneLine } from './lane-line.ts'
import type { Turns } from './turns.ts'
import type { WorkerOffer } from './what-is-missing.ts'

/** The lines of one submitter at one level; first come, first served among them. */
interface Submitter<W extends WorkerOffer> extends HeapItem {
  readonly principal: string
  readonly lines: MinHeap<LaneLine<W>>
  /** At most what `Turns` says: it only grows, and is put right when it comes to the front. */
  turn: number
  /** Of its first line's next task. */
  order: number
}

/** The lines of one class and priority that contest, by the turns of their submitters. */
export class ClassLevel<W extends WorkerOffer> {
  readonly priority: number
  readonly turns: Turns
  readonly #submitters = new Map<string, Submitter<W>>()
  readonly #front = new MinHeap<Submitter<W>>(
    (a, b) => a.turn < b.turn || (a.turn === b.turn && a.order < b.order),
  )

  constructor(priority: number, turns: Turns) {
    this.priority = priority
    this.turns = turns
  }

  /** The line that goes first. */
  peek(): LaneLine<W> | undefined {
    for (;;) {
      const first = this.#front.peek()
      if (first === undefined) return undefined
      if (first.turn > this.turns.round || !this.turns.hadTurn(first.principal)) return first.lines.peek()
      first.turn = this.turns.round + 1
      this.#front.moved(first)
    }
  }

  enter(line: LaneLine<W>): void {
    const { principal } = line.lane
    const found = this.#submitters.get(principal)
    if (found !== undefined) {
      found.lines.push(line)
      this.#reorder(found)
      return
    }
    const lines = new MinHeap<LaneLine<W>>((a, b) => a.order < b.order)
    lines.push(line)
    const made = { principal, lines, turn: this.turns.of(principal), order: line.order, place: -1 }
    this.#submitters.set(principal, made)
    this.#front.push(made)
  }

  leave(line: LaneLine<W>): void {
    const found = this.#submitters.get(line.lane.principal)
    if (found === undefined || !found.lines.remove(line)) return
    if (found.lines.size > 0) {
      this.#reorder(found)
      return
    }
    this.#submitters.delete(found.principal)
    this.#front.remove(found)
  }

  /** Another task is the line's next. */
  moved(line: LaneLine<W>): void {
    const found = this.#submitters.get(line.lane.principal)
    if (found === undefined) return
    found.lines.moved(line)
    this.#reorder(found)
  }

  #reorder(submitter: Submitter<W>): void {
    submitter.order = submitter.lines.peek()?.order ?? submitter.order
    this.#front.moved(submitter)
  }
}
