import { type HeapItem, MinHeap } from '../min-heap.ts'

/** How a lane is limited by a key. */
export interface GateTerms {
  limit: number
  per_ms?: number
}

/** When the tasks of a key may start. */
export interface GateRule {
  /** Milliseconds until one may start: 0 now, Infinity when one ends. */
  opensIn(terms: GateTerms): number
  start(): void
  /** A task that started before this run is running still. */
  resume(): void
  /** True: one more may start now than before. */
  end(): boolean
  /** What started at `startedAt` (monotonic clock) did not run after all. */
  undo(startedAt: number): void
  /** Milliseconds until nothing that happened counts any more, if nothing else starts or runs. */
  readonly unusedIn: number
}

/** A line that can be held at a gate. */
export interface GatedLine extends HeapItem {
  readonly priority: number
  /** Order of its next task. */
  readonly order: number
}

/**
 * The lines of one class of tasks that wait at a gate under the same terms. While the gate is open at least one of them
 * contests, so that the gate is used in full whoever is free; a line of a class that nobody can run holds up no other.
 */
export class GateQueue<L extends GatedLine> {
  readonly gate: Gate<L>
  readonly key: string
  readonly terms: GateTerms
  readonly held = new MinHeap<L>(
    (a, b) => a.priority > b.priority || (a.priority === b.priority && a.order < b.order),
  )
  /** Tasks that wait in the lines held. */
  tasks = 0
  /** Lines that pass this gate, held or not. */
  lines = 0

  constructor(gate: Gate<L>, key: string, terms: GateTerms) {
    this.gate = gate
    this.key = key
    this.terms = terms
  }

  get opensIn(): number {
    return this.gate.rule.opensIn(this.terms)
  }

  get isOpen(): boolean {
    return this.opensIn === 0
  }

  hold(line: L): void {
    this.held.push(line)
    this.gate.holding.add(this)
  }

  /** Takes a line out, or the one that goes first. */
  release(line: L | undefined = this.held.peek()): L | undefined {
    if (line === undefined || !this.held.remove(line)) return undefined
    if (this.held.size === 0) this.gate.holding.delete(this)
    return line
  }
}

/** A key of a principal, its rule, and the lines that wait at it. */
export class Gate<L extends GatedLine> {
  readonly id: string
  /** For a person. */
  readonly name: string
  readonly rule: GateRule
  readonly queues = new Map<string, GateQueue<L>>()
  /** Queues with lines held. */
  readonly holding = new Set<GateQueue<L>>()

  constructor(id: string, name: string, rule: GateRule) {
    this.id = id
    this.name = name
    this.rule = rule
  }
}
