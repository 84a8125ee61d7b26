import type { Clock } from '../../clock.ts'
import type { Alarm, AlarmClock } from '../alarm-clock.ts'
import type { Lane } from '../states/lane.ts'
import { ConcurrencyGate } from './concurrency-gate.ts'
import { Gate, type GatedLine, GateQueue, type GateTerms } from './gate.ts'
import { type PastStarts, rateGateId } from './past-starts.ts'
import { RateGate } from './rate-gate.ts'

/** Rate keys remembered for their last starts alone; beyond it the one unused longest is forgotten. */
const UNUSED_GATES = 100_000

export interface GatesInit<L extends GatedLine> {
  clock: Clock
  alarms: AlarmClock
  /** Time has come for lines that a gate holds. */
  onTime: (gate: Gate<L>) => void
}

/** The gates of all keys that are in use. A key belongs to its principal. */
export class Gates<L extends GatedLine> {
  readonly #init: GatesInit<L>
  readonly #gates = new Map<string, Gate<L>>()
  readonly #alarms = new Map<Gate<L>, Alarm>()
  /** Rate gates without lines that remember starts, the one unused longest first. */
  readonly #unused = new Set<Gate<L>>()
  /** Starts before this run of keys that have not been used in it, on the monotonic clock. */
  readonly #past = new Map<string, readonly number[]>()
  /** Before this time (monotonic clock) rate keys may have been used in full. */
  #usedUntil = Number.NEGATIVE_INFINITY

  constructor(init: GatesInit<L>) {
    this.#init = init
  }

  /** What rate keys were used for by earlier runs. */
  remember({ starts, unknownUntil }: PastStarts): void {
    const { clock } = this.#init
    const offset = clock.monotonic() - clock.now()
    if (unknownUntil > 0) this.#usedUntil = unknownUntil + offset
    for (const [id, times] of starts)
      this.#past.set(
        id,
        times.map(at => at + offset),
      )
  }

  /** What rate keys were used for until now, as `remember` takes it. */
  get pastStarts(): PastStarts {
    const { clock } = this.#init
    const offset = clock.now() - clock.monotonic()
    const starts = new Map<string, readonly number[]>()
    const add = (id: string, times: readonly number[]): void => {
      if (times.length > 0)
        starts.set(
          id,
          times.map(at => at + offset),
        )
    }
    for (const [id, times] of this.#past) add(id, times)
    for (const { id, rule } of this.#gates.values()) if (rule instanceof RateGate) add(id, rule.starts)
    return { starts, unknownUntil: Math.max(this.#usedUntil + offset, 0) }
  }

  /** Gates in memory. */
  get size(): number {
    return this.#gates.size
  }

  /** Gates that hold lines. */
  *closed(): Iterable<Gate<L>> {
    for (const gate of this.#gates.values()) if (gate.holding.size > 0) yield gate
  }

  /** What a line of this lane has to pass; `leave` each when the line is forgotten. */
  join({ principal, concurrency, rate }: Lane, cls: string): GateQueue<L>[] {
    const queues: GateQueue<L>[] = []
    if (concurrency !== undefined) {
      const { key, limit } = concurrency
      const name = `a place under the concurrency key ${key} (limit ${limit})`
      const gate = this.#gate(JSON.stringify(['c', principal, key]), name, () => new ConcurrencyGate())
      queues.push(queueOf(gate, cls, { limit }))
    }
    if (rate !== undefined) {
      const { key, limit, per_ms } = rate
      const name = `its time under the rate key ${key} (${limit} in ${per_ms} ms)`
      const id = rateGateId(principal, key)
      const make = () => new RateGate(this.#init.clock, this.#usedUntil, this.#past.get(id) ?? [])
      const queue = queueOf(this.#gate(id, name, make), cls, { limit, per_ms })
      this.#past.delete(id)
      // From now on the gate knows how far back its starts count.
      queue.gate.rule.opensIn(queue.terms)
      queues.push(queue)
    }
    return queues
  }

  leave(queue: GateQueue<L>): void {
    queue.lines -= 1
    if (queue.lines > 0) return
    const { gate } = queue
    gate.queues.delete(queue.key)
    if (gate.queues.size > 0) return
    this.#ringOff(gate)
    if (gate.rule.unusedIn === 0) {
      this.#gates.delete(gate.id)
      return
    }
    this.#unused.add(gate)
    this.#ringIn(gate, gate.rule.unusedIn, () => this.#forget(gate))
    const [oldest] = this.#unused
    if (this.#unused.size > UNUSED_GATES && oldest !== undefined) this.#forget(oldest)
  }

  /** Lines are held: sees to it that time brings them back. */
  watch(gate: Gate<L>): void {
    let opensIn = Number.POSITIVE_INFINITY
    for (const queue of gate.holding) {
      const ms = queue.opensIn
      if (ms > 0) opensIn = Math.min(opensIn, ms)
    }
    if (opensIn === Number.POSITIVE_INFINITY) return
    this.#ringIn(gate, opensIn, () => this.#init.onTime(gate))
  }

  #gate(id: string, name: string, rule: () => Gate<L>['rule']): Gate<L> {
    const found = this.#gates.get(id) ?? new Gate<L>(id, name, rule())
    this.#gates.set(id, found)
    if (this.#unused.delete(found)) this.#ringOff(found)
    return found
  }

  #ringIn(gate: Gate<L>, ms: number, ring: () => void): void {
    this.#ringOff(gate)
    const alarm = this.#init.alarms.in(Math.ceil(ms), () => {
      this.#alarms.delete(gate)
      ring()
    })
    this.#alarms.set(gate, alarm)
  }

  #ringOff(gate: Gate<L>): void {
    this.#init.alarms.off(this.#alarms.get(gate))
    this.#alarms.delete(gate)
  }

  #forget(gate: Gate<L>): void {
    this.#ringOff(gate)
    this.#unused.delete(gate)
    this.#gates.delete(gate.id)
  }
}

function queueOf<L extends GatedLine>(gate: Gate<L>, cls: string, terms: GateTerms): GateQueue<L> {
  const key = JSON.stringify([cls, terms.limit, terms.per_ms])
  const found = gate.queues.get(key) ?? new GateQueue<L>(gate, key, terms)
  gate.queues.set(key, found)
  found.lines += 1
  return found
}
