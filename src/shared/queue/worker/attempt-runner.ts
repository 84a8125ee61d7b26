import type { Clock } from '../../clock.ts'
import { type ErrorFacts, factsOf } from '../../errors.ts'
import type { Json, LogLine, Progress, ToolDescriptor } from '../../tools/tool.ts'
import { LeaseMap } from '../lease-map.ts'
import { LogTail } from '../log-tail.ts'
import type { AttemptHooks, Outcome } from '../task.ts'
import type { Assignment, Lease, LeaseId, LiveLease, Worker } from '../work.ts'
import { progressTo } from './attempt-progress.ts'
import type { OutboxStore } from './outbox.ts'
import { type Complete, OutboxDelivery } from './outbox-delivery.ts'

/** One run of a tool, as a runtime takes it. */
export interface Execution {
  tool: ToolDescriptor
  input: Json
  timeoutMs: number
  signal: AbortSignal
  onProgress: (progress: Progress) => void
  onLog: (line: LogLine) => void
}

export interface AttemptRunnerInit {
  /** Random for each run of this peer. */
  instanceId: string
  /** Runs a tool; rejects with the tool's or the runtime's failure. */
  execute: (execution: Execution) => Promise<Json>
  /** Whether a rejection of `execute` says that the tool has not begun (a runtime was busy or is not there). */
  hasNotRun: (error: unknown) => boolean
  outbox: OutboxStore
  clock: Clock
  catalogue: { get(name: string): ToolDescriptor | undefined }
  /** Attempts at once, 0 or more. */
  capacity: number
}

export interface RunnerStats {
  capacity: number
  running: number
  paused: boolean
  draining: boolean
  succeeded: number
  failed: number
}

interface Running {
  lease: Lease
  progress: Progress | undefined
  abort: AbortController
  logs: LogTail | undefined
}

/**
 * The worker's side of the queue: runs attempts for the owners that lease to it, within its capacity, and keeps
 * each outcome in the outbox until its owner has it. An attempt goes on when its owner's session drops.
 */
export class AttemptRunner implements Worker {
  readonly instanceId: string
  readonly #init: AttemptRunnerInit
  /** What runs, by owner and lease. */
  readonly #running = new Map<string, LeaseMap<Running>>()
  #runningCount = 0
  /** Attempts that each owner may have here; one that is not named, as this peer's own queue, as many as there is room. */
  readonly #grants = new Map<string, number>()
  readonly #delivery: OutboxDelivery
  readonly #listeners = new Set<(stats: RunnerStats) => void>()
  #capacity: number
  #paused = false
  #draining = false
  #succeeded = 0
  #failed = 0
  #changePlanned = false
  #onIdle: (() => void)[] = []

  constructor(init: AttemptRunnerInit) {
    this.#init = init
    this.#delivery = new OutboxDelivery(init.outbox, init.clock)
    this.instanceId = init.instanceId
    this.#capacity = init.capacity
  }

  get stats(): RunnerStats {
    return {
      capacity: this.#capacity,
      running: this.#runningCount,
      paused: this.#paused,
      draining: this.#draining,
      succeeded: this.#succeeded,
      failed: this.#failed,
    }
  }

  /** Attempts that owners may be granted now: 0 while paused or draining. */
  get credits(): number {
    return this.#paused || this.#draining ? 0 : this.#capacity
  }

  /** Attempts of `owner` that there is room for now. */
  roomFor(owner: string): number {
    const granted = this.#grants.get(owner) ?? this.credits
    const room = Math.min(this.credits - this.#runningCount, granted - this.#of(owner).size)
    return Math.max(0, room)
  }

  /** From now on `owner` may have so many attempts here; what it sends beyond is refused. */
  grant(owner: string, credits: number): void {
    this.#grants.set(owner, credits)
  }

  /** Calls `listener` after a tick in which capacity, pause or the work has changed; the returned function ends it. */
  onChange(listener: (stats: RunnerStats) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes no new attempts until `resume`; what runs goes on. */
  pause(): void {
    this.#paused = true
    this.#changed()
  }

  resume(): void {
    this.#paused = false
    this.#changed()
  }

  /** Attempts at once, 0 or more; what runs goes on when it becomes fewer. */
  setCapacity(capacity: number): void {
    this.#capacity = capacity
    this.#changed()
  }

  /** Takes no new attempts; resolves when what runs has ended. On abort the rest is given back first. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true
    this.#changed()
    if (this.#runningCount === 0) return
    const giveBack = () => {
      for (const running of this.#running.values()) {
        for (const { abort } of running.values()) abort.abort(new Error('this worker is leaving'))
      }
    }
    const idle = new Promise<void>(resolve => this.#onIdle.push(resolve))
    if (signal.aborted) giveBack()
    signal.addEventListener('abort', giveBack, { once: true })
    await idle
    signal.removeEventListener('abort', giveBack)
  }

  async run(
    owner: string,
    assignment: Assignment,
    hooks: AttemptHooks,
    signal?: AbortSignal,
  ): Promise<Outcome> {
    const { lease } = assignment
    const tool = this.#init.catalogue.get(assignment.tool)
    if (tool === undefined) return refused('no_runtime', `this worker does not have ${assignment.tool}`)
    if (this.credits === 0) return refused('unavailable', 'this worker takes no work now')
    if (this.#of(owner).has(lease)) return refused('unavailable', 'this attempt is running here already')
    if (this.roomFor(owner) === 0) return refused('unavailable', 'this worker has no free capacity')

    const abort = new AbortController()
    const running: Running = { lease, progress: undefined, abort, logs: undefined }
    const cancel = () => abort.abort(signal?.reason)
    if (signal?.aborted) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    this.#begin(owner, running)
    const outcome = await this.#attempt(tool, assignment, hooks, running)
    signal?.removeEventListener('abort', cancel)
    if (running.logs !== undefined) outcome.logs = running.logs.lines
    const { task_id, fence } = lease
    const kept = this.#delivery.keep({ owner, task_id, fence, instance_id: this.instanceId, outcome })
    if (kept !== undefined) await kept
    this.#end(owner, lease, outcome.state === 'succeeded')
    return outcome
  }

  cancel(owner: string, lease: LeaseId, reason: Error): boolean {
    const running = this.#of(owner).get(lease)
    running?.abort.abort(reason)
    return running !== undefined
  }

  settled(owner: string, leases: readonly LeaseId[]): void {
    this.#delivery.settled(owner, leases)
  }

  live(owner: string): LiveLease[] {
    return [...this.#of(owner).values()].map(({ lease: { task_id, fence }, progress }) => ({
      task_id,
      fence,
      ...(progress ? { progress } : {}),
    }))
  }

  /**
   * Hands what the outbox holds for `owner` to it, in batches, and forgets what it answers for. `complete` is kept as
   * the way to the owner: an outcome whose answer got lost goes by it too, until the link is lost.
   */
  flush(owner: string, complete: Complete): Promise<void> {
    return this.#delivery.flush(owner, complete)
  }

  async #attempt(
    tool: ToolDescriptor,
    assignment: Assignment,
    hooks: AttemptHooks,
    running: Running,
  ): Promise<Outcome> {
    try {
      const result = await this.#init.execute({
        tool,
        input: assignment.input,
        timeoutMs: assignment.lease.deadline_ms,
        signal: running.abort.signal,
        onProgress: progressTo(running, hooks, this.#init.clock),
        onLog: line => {
          running.logs ??= new LogTail()
          running.logs.add(line, this.#init.clock.now())
          hooks.onLog?.(line)
        },
      })
      return { state: 'succeeded', result }
    } catch (error) {
      const facts = factsOf(error)
      if (running.abort.signal.aborted)
        return { state: 'cancelled', error: { ...facts, code: 'cancelled', retryable: true } }
      if (this.#init.hasNotRun(error)) return { state: 'failed', error: { ...facts, code: 'unavailable' } }
      return { state: 'failed', error: asRun(facts) }
    }
  }

  #of(owner: string): LeaseMap<Running> {
    return this.#running.get(owner) ?? NOTHING
  }

  #begin(owner: string, running: Running): void {
    let ofOwner = this.#running.get(owner)
    if (ofOwner === undefined) {
      ofOwner = new LeaseMap()
      this.#running.set(owner, ofOwner)
    }
    ofOwner.set(running.lease, running)
    this.#runningCount += 1
    this.#changed()
  }

  #end(owner: string, lease: LeaseId, succeeded: boolean): void {
    const running = this.#running.get(owner)
    running?.delete(lease)
    if (running?.size === 0) this.#running.delete(owner)
    this.#runningCount -= 1
    if (succeeded) this.#succeeded += 1
    else this.#failed += 1
    this.#changed()
    if (this.#runningCount === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  /** Listeners hear once of all that one tick has changed. */
  #changed(): void {
    if (this.#changePlanned) return
    this.#changePlanned = true
    queueMicrotask(() => {
      this.#changePlanned = false
      for (const listener of this.#listeners) listener(this.stats)
    })
  }
}

/** Nothing has run: the owner gives it to another worker, and no attempt is counted. */
function refused(code: 'no_runtime' | 'unavailable', message: string): Outcome {
  return { state: 'failed', error: { code, message, retryable: true } }
}

/** A runtime that was lost under the call leaves its outcome unknown, which must not read as a refusal. */
function asRun(facts: ErrorFacts): ErrorFacts {
  if (facts.code !== 'unavailable' && facts.code !== 'no_runtime') return facts
  return { ...facts, code: 'outcome_unknown', retryable: true }
}

const NOTHING = new LeaseMap<Running>()
