import type { Lane } from '../states/lane.ts'
import type { GatedLine, GateQueue } from './gate.ts'
import { LaneWindow, type WindowBudget } from './lane-window.ts'
import type { TaskClass } from './task-class.ts'
import type { WorkerOffer } from './what-is-missing.ts'

/** One lane: its first tasks, and where it stands among the others. */
export class LaneLine<W extends WorkerOffer> implements GatedLine {
  readonly key: string
  readonly lane: Lane
  readonly cls: TaskClass<W>
  readonly gates: readonly GateQueue<LaneLine<W>>[]
  readonly window: LaneWindow
  place = -1
  order = 0
  /** Contests for workers, is held at a gate, or (undefined) has no task to give. */
  stands: 'contest' | GateQueue<LaneLine<W>> | undefined
  /** Tasks that wait here, in the window or behind it. */
  waiting = 0
  /** What its class counts of it as ready. */
  ready = 0
  /** Tasks given out that have not ended. */
  running = 0

  constructor(
    key: string,
    lane: Lane,
    cls: TaskClass<W>,
    gates: readonly GateQueue<LaneLine<W>>[],
    budget: WindowBudget,
  ) {
    this.key = key
    this.lane = lane
    this.cls = cls
    this.gates = gates
    this.window = new LaneWindow(budget)
  }

  get priority(): number {
    return this.lane.priority
  }

  /** Tasks that could start if all its gates were free. */
  get startable(): number {
    let most = this.waiting
    for (const { terms } of this.gates) most = Math.min(most, terms.limit)
    return most
  }

  /** The first gate that is closed to it. */
  get closedGate(): GateQueue<LaneLine<W>> | undefined {
    for (const gate of this.gates) if (!gate.isOpen) return gate
    return undefined
  }
}
