import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { AlarmClock } from '../alarm-clock.ts'
import { parseLane } from '../states/lane.ts'
import type { WaitingTask } from '../store/store.ts'
import type { Gate, GateQueue } from './gate.ts'
import { Gates } from './gates.ts'
import { LaneLine } from './lane-line.ts'
import { LanePager } from './lane-pager.ts'
import { WindowBudget } from './lane-window.ts'
import type { PastStarts } from './past-starts.ts'
import { describePause, isPausedBy, type Pause } from './pause.ts'
import type { TaskClass } from './task-class.ts'
import { TaskClasses } from './task-classes.ts'
import { Turns } from './turns.ts'
import { type WorkerOffer, whatNobodyHas } from './what-is-missing.ts'

/** Milliseconds of waiting that count as one more priority. */
const AGEING_MS = 60_000
/** Lanes kept in memory though nothing waits or runs there: those used last are likely to be used next. */
const IDLE_LINES = 4_096
/** Entries of `waitingFor`. */
const WAITING_SHOWN = 50

export interface WaitingTasksInit<W extends WorkerOffer> {
  /** `QueueStore.waiting`. */
  page: (lane: string, after: number, limit: number) => Promise<WaitingTask[]>
  clock: Clock
  alarms: AlarmClock
  categoryOf: (tool: string) => string | undefined
  /** There may be a task for each of these workers, always the same set for a class of tasks. */
  onReady: (workers: ReadonlySet<W>) => void
  logger: Logger
  /** Tasks in memory beyond which each lane keeps only a few; default 131,072. */
  heldAtMost?: number
}

/** A task that was given out. */
export interface Taken {
  task_id: string
  lane: string
  order: number
  /** On the monotonic clock. */
  at: number
}

/** Tasks that wait for what is missing, for a person. */
export interface WaitingFor {
  tool: string
  tasks: number
  missing: string
}

/**
 * Which waiting task a worker should run next: of all it can run the one with the highest priority, a minute of
 * waiting counting as one more; among equals submitters take turns, and each is served first come, first served. Lanes
 * nobody present can run, paused tools and closed gates hold up no other.
 *
 * Memory holds a window of each lane (the store has the rest), so that it does not grow with what waits. `arrive`,
 * `leave`, `take` and `ended` cost O(log lanes), and `take` a look at each class of tasks that has something for the worker.
 */
export class WaitingTasks<W extends WorkerOffer> {
  readonly #init: WaitingTasksInit<W>
  readonly #budget: WindowBudget
  readonly #classes = new TaskClasses<W>()
  readonly #lines = new Map<string, LaneLine<W>>()
  /** Lines without a task, the one unused longest first. */
  readonly #idle = new Set<LaneLine<W>>()
  readonly #turns = new Map<number, Turns>()
  readonly #gates: Gates<LaneLine<W>>
  readonly #pager: LanePager<LaneLine<W>>
  #pauses: readonly Pause[] = []
  #size = 0
  /** Classes in which tasks wait. */
  #kinds = 0

  constructor(init: WaitingTasksInit<W>) {
    this.#init = init
    this.#budget = new WindowBudget(init.heldAtMost)
    const { clock, alarms, page, logger } = init
    this.#gates = new Gates({ clock, alarms, onTime: gate => this.#wake(gate) })
    this.#pager = new LanePager({ page, alarms, logger, onRead: line => this.#read(line) })
  }

  /** Tasks that wait. */
  get size(): number {
    return this.#size
  }

  /** Lanes in which tasks wait or run, and kinds of needs that tasks wait with. */
  get held(): { lanes: number; kinds: number } {
    return { lanes: this.#lines.size - this.#idle.size, kinds: this.#kinds }
  }

  /** Whether tasks wait or run in this lane, so that one more there needs nothing new. */
  holds(lane: string): boolean {
    const line = this.#lines.get(lane)
    return line !== undefined && !this.#idle.has(line)
  }

  /** Whether tasks wait that need the same as those of this lane. */
  holdsKind(lane: string): boolean {
    return this.#classes.waitsFor(parseLane(lane).needs)
  }

  /** What is in memory, for measurements. */
  get memory(): { tasks: number; lanes: number; gates: number } {
    return { tasks: this.#budget.held, lanes: this.#lines.size, gates: this.#gates.size }
  }

  /**
   * What waits at start, and what earlier runs used rate keys for, so that a restart does not double a rate; where
   * nothing is known of that, they are taken to have been used in full until now.
   */
  recover(lanes: readonly { lane: string; waiting: number }[], past?: PastStarts): void {
    this.#gates.remember(past ?? { starts: new Map(), unknownUntil: this.#init.clock.now() })
    for (const { lane, waiting } of lanes) {
      const line = this.#line(lane)
      line.window.unread()
      this.#count(line, line.waiting + waiting)
      this.#refill(line)
    }
  }

  /** What rate keys were used for until now. */
  get pastStarts(): PastStarts {
    return this.#gates.pastStarts
  }

  /** A task waits in this lane now. */
  arrive(lane: string, task: WaitingTask): void {
    const line = this.#line(lane)
    if (line.window.arrive(task)) this.#count(line, line.waiting + 1)
    this.#place(line)
    if (line.stands === 'contest') this.#ready(line.cls)
  }

  /** A task waits in this lane no longer, and it was not taken. */
  leave(lane: string, order: number): void {
    const line = this.#lines.get(lane)
    if (line === undefined || !line.window.leave(order)) return
    this.#count(line, line.waiting - 1)
    this.#place(line)
  }

  /** The task that the worker should run next. It counts towards its gates until `ended` or `giveUp`. */
  take(worker: W): Taken | undefined {
    const line = this.#nextFor(worker)
    const task = line?.window.shift()
    if (line === undefined || task === undefined) return undefined
    this.#start(line)
    this.#count(line, line.waiting - 1)
    this.#place(line)
    return { task_id: task.task_id, lane: line.key, order: task.order, at: this.#init.clock.monotonic() }
  }

  /**
   * Takes a task that is only being made, for a worker of `free` that has nothing else to run: nothing waits in its lane
   * and no other lane shares its keys, so it would be the next. It arrives and leaves like any other. Undefined when it
   * has to wait.
   */
  takeNew(lane: string, task_id: string, free: ReadonlySet<W>): { worker: W; taken: Taken } | undefined {
    const line = this.#lines.get(lane)
    if (line === undefined || line.waiting > 0 || line.cls.paused !== undefined) return undefined
    const { workers } = line.cls
    const [few, many] = free.size <= workers.size ? [free, workers] : [workers, free]
    const worker = few.values().find(each => many.has(each))
    if (worker === undefined || line.closedGate !== undefined || this.readyFor(worker) > 0) return undefined
    // A task of another lane may wait for the same key, and is older.
    if (line.gates.some(({ gate, lines }) => lines > 1 || gate.queues.size > 1)) return undefined
    this.#start(line)
    this.#idle.delete(line)
    return { worker, taken: { task_id, lane, order: 0, at: this.#init.clock.monotonic() } }
  }

  /** What was taken is not run: it is not put back, but counts no more. */
  giveUp({ lane, at }: Taken): void {
    const line = this.#lines.get(lane)
    if (line === undefined) return
    line.running -= 1
    for (const { gate } of line.gates) {
      gate.rule.undo(at)
      this.#wake(gate)
    }
    this.#rest(line)
  }

  /** An attempt of a task of this lane has ended. */
  ended(lane: string): void {
    const line = this.#lines.get(lane)
    if (line === undefined) return
    line.running -= 1
    for (const { gate } of line.gates) if (gate.rule.end()) this.#wake(gate)
    this.#rest(line)
  }

  /** A task of this lane was found running at start. */
  restored(lane: string): void {
    const line = this.#line(lane)
    line.running += 1
    this.#idle.delete(line)
    for (const { gate } of line.gates) gate.rule.resume()
  }

  /** A worker came, or what it offers has changed. */
  setWorker(worker: W): void {
    for (const cls of this.#classes.setWorker(worker)) {
      for (const line of cls.unread) this.#refill(line)
    }
  }

  removeWorker(worker: W): void {
    this.#classes.removeWorker(worker)
  }

  /** Tasks that the worker could run now, whether or not it has a credit left. */
  readyFor(worker: W): number {
    let tasks = 0
    for (const cls of this.#classes.livelyFor(worker)) if (cls.isLively) tasks += cls.ready
    return tasks
  }

  /** Tasks of these tools are given to nobody. */
  setPauses(pauses: readonly Pause[]): void {
    this.#pauses = pauses
    for (const cls of this.#classes.all()) {
      cls.paused = this.#pausedBy(cls)
      if (cls.isLively) this.#ready(cls)
    }
  }

  /** What keeps waiting tasks from running, beside that all who could run them are busy; at most 50 entries. */
  waitingFor(workers: Iterable<WorkerOffer>): WaitingFor[] {
    const present = [...workers]
    const found: WaitingFor[] = []
    for (const cls of this.#classes.all()) {
      if (found.length >= WAITING_SHOWN) return found
      const missing = cls.paused ?? (cls.workers.size === 0 ? whatNobodyHas(cls.needs, present) : undefined)
      if (cls.waiting > 0 && missing !== undefined) {
        note(found, { tool: cls.needs.tool, tasks: cls.waiting, missing })
      }
    }
    for (const gate of this.#gates.closed()) {
      for (const queue of gate.holding) {
        const first = queue.held.peek()
        if (found.length >= WAITING_SHOWN) return found
        if (first === undefined || first.cls.workers.size === 0 || first.cls.paused !== undefined) continue
        note(found, { tool: first.lane.needs.tool, tasks: queue.tasks, missing: gate.name })
      }
    }
    return found
  }

  /** What keeps tasks of one lane from running; undefined: only that all who could run them are busy. */
  missingFor(lane: string, workers: Iterable<WorkerOffer>): string | undefined {
    const line = this.#lines.get(lane)
    const cls = line?.cls
    return (
      cls?.paused ??
      whatNobodyHas(line?.lane.needs ?? parseLane(lane).needs, workers) ??
      line?.closedGate?.gate.name
    )
  }

  /** Reads nothing more. */
  close(): void {
    this.#pager.close()
  }

  #start(line: LaneLine<W>): void {
    this.#turnsOf(line.priority).served(line.lane.principal)
    line.running += 1
    for (const { gate } of line.gates) gate.rule.start()
  }

  /** Highest priority with age, then turn, then age. */
  #nextFor(worker: W): LaneLine<W> | undefined {
    const now = this.#init.clock.now()
    let best: LaneLine<W> | undefined
    let bestPriority = 0
    let bestTurn = 0
    for (const cls of this.#classes.livelyFor(worker)) {
      if (!cls.isLively) this.#classes.rest(cls, worker)
      else {
        for (const level of cls.levels) {
          const line = this.#firstOpen(level)
          const head = line?.window.head
          if (line === undefined || head === undefined) continue
          const priority = line.priority + Math.max(Math.floor((now - head.queued_at) / AGEING_MS), 0)
          const turn = level.turns.hadTurn(line.lane.principal) ? 1 : 0
          const isBetter =
            best === undefined ||
            priority > bestPriority ||
            (priority === bestPriority && (turn < bestTurn || (turn === bestTurn && line.order < best.order)))
          if (!isBetter) continue
          best = line
          bestPriority = priority
          bestTurn = turn
        }
      }
    }
    return best
  }

  /** The first line whose gates are open; those found closed are held there. */
  #firstOpen(level: TaskClass<W>['levels'][number]): LaneLine<W> | undefined {
    for (;;) {
      const line = level.peek()
      if (line === undefined || line.closedGate === undefined) return line
      this.#place(line)
    }
  }

  /** Puts a line where it belongs after its tasks or its gates have changed. */
  #place(line: LaneLine<W>): void {
    const head = line.window.head
    this.#refill(line)
    if (head === undefined) {
      this.#withdraw(line)
      this.#rest(line)
      return
    }
    this.#idle.delete(line)
    const isMoved = line.order !== head.order
    line.order = head.order
    if (line.stands !== undefined && line.stands !== 'contest') {
      if (isMoved) line.stands.held.moved(line)
      return
    }
    const closed = line.closedGate
    if (closed !== undefined) {
      this.#withdraw(line)
      this.#hold(line, closed)
    } else if (line.stands === 'contest') {
      if (isMoved) this.#levelOf(line).moved(line)
    } else this.#contest(line)
  }

  #contest(line: LaneLine<W>): void {
    line.stands = 'contest'
    line.cls.contesting += 1
    this.#countReady(line, line.startable)
    this.#levelOf(line).enter(line)
    if (line.cls.isLively) this.#ready(line.cls)
  }

  #hold(line: LaneLine<W>, queue: GateQueue<LaneLine<W>>): void {
    line.stands = queue
    queue.tasks += line.waiting
    queue.hold(line)
    this.#gates.watch(queue.gate)
  }

  /** Takes a line from where it stands; the place that it leaves at its gates is another's. */
  #withdraw(line: LaneLine<W>): void {
    const { stands } = line
    line.stands = undefined
    if (stands === 'contest') {
      this.#levelOf(line).leave(line)
      line.cls.contesting -= 1
      this.#countReady(line, 0)
      for (const queue of line.gates) this.#wakeOne(queue)
    } else if (stands !== undefined) {
      stands.release(line)
      stands.tasks -= line.waiting
    }
  }

  #wake(gate: Gate<LaneLine<W>>): void {
    for (const queue of [...gate.holding]) this.#wakeOne(queue)
    this.#gates.watch(gate)
  }

  /** The first line held contests, if the gate is open; one that another gate holds goes there. */
  #wakeOne(queue: GateQueue<LaneLine<W>>): void {
    while (queue.isOpen) {
      const line = queue.release()
      if (line === undefined) return
      queue.tasks -= line.waiting
      line.stands = undefined
      this.#place(line)
      if (line.stands === 'contest') return
    }
  }

  #read(line: LaneLine<W>): void {
    this.#count(line, line.waiting)
    this.#place(line)
    if (line.stands === 'contest') this.#ready(line.cls)
  }

  /** Reads on where a window runs low, if anybody can run what comes. */
  #refill(line: LaneLine<W>): void {
    const { cls, window } = line
    if (!window.wantsPage) return
    if (cls.workers.size === 0) cls.unread.add(line)
    else {
      cls.unread.delete(line)
      this.#pager.ask(line)
    }
  }

  /** What a window sees whole is counted anew, as an entry may have been stale. */
  #count(line: LaneLine<W>, waiting: number): void {
    const { held, beyond } = line.window
    const counted = beyond ? Math.max(waiting, held) : held
    const more = counted - line.waiting
    line.waiting = counted
    const waited = line.cls.waiting > 0
    line.cls.waiting += more
    this.#kinds += Number(line.cls.waiting > 0) - Number(waited)
    this.#size += more
    if (line.stands === 'contest') this.#countReady(line, line.startable)
    else if (line.stands !== undefined) line.stands.tasks += more
  }

  #countReady(line: LaneLine<W>, ready: number): void {
    line.cls.ready += ready - line.ready
    line.ready = ready
  }

  #ready(cls: TaskClass<W>): void {
    if (cls.paused !== undefined || cls.workers.size === 0) return
    this.#classes.rouse(cls)
    this.#init.onReady(cls.workers)
  }

  #line(key: string): LaneLine<W> {
    const found = this.#lines.get(key)
    if (found !== undefined) return found
    const lane = parseLane(key)
    const cls = this.#classes.join(lane.needs)
    if (cls.lines === 1) cls.paused = this.#pausedBy(cls)
    const line = new LaneLine<W>(key, lane, cls, this.#gates.join(lane, cls.key), this.#budget)
    this.#lines.set(key, line)
    return line
  }

  /** A line with nothing that waits or runs is kept for a while. */
  #rest(line: LaneLine<W>): void {
    if (line.running > 0 || line.window.beyond || line.window.held > 0) return
    this.#idle.add(line)
    const [oldest] = this.#idle
    if (this.#idle.size <= IDLE_LINES || oldest === undefined) return
    this.#idle.delete(oldest)
    this.#lines.delete(oldest.key)
    this.#pager.forget(oldest)
    oldest.cls.unread.delete(oldest)
    for (const queue of oldest.gates) this.#gates.leave(queue)
    this.#classes.leave(oldest.cls)
  }

  #levelOf(line: LaneLine<W>) {
    return line.cls.level(line.priority, priority => this.#turnsOf(priority))
  }

  #turnsOf(priority: number): Turns {
    const found = this.#turns.get(priority)
    if (found !== undefined) return found
    const made = new Turns()
    this.#turns.set(priority, made)
    return made
  }

  #pausedBy({ needs: { tool } }: TaskClass<W>): string | undefined {
    const category = this.#init.categoryOf(tool)
    const pause = this.#pauses.find(each => isPausedBy(each, tool, category))
    return pause === undefined ? undefined : describePause(pause)
  }
}

/** Classes that differ in what they need may wait for the same: to a person that is one. */
function note(found: WaitingFor[], { tool, tasks, missing }: WaitingFor): void {
  const same = found.find(each => each.tool === tool && each.missing === missing)
  if (same === undefined) found.push({ tool, tasks, missing })
  else same.tasks += tasks
}
