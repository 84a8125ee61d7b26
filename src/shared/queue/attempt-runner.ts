import type { Clock } from '../clock.ts'
import { type ErrorFacts, factsOf, ToolmeshError } from '../errors.ts'
import type { Json, LogLine, Progress, ToolDescriptor } from '../tools/tool.ts'
import type { OutboxEntry, OutboxStore } from './outbox.ts'
import type { AttemptHooks, Outcome } from './task.ts'
import type { Assignment, Lease, LeaseId, LiveLease, OutcomeReport, OutcomeVerdict, Worker } from './work.ts'

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

/** How a runner hands outcomes of its outbox to their owner. */
export type Complete = (reports: OutcomeReport[]) => Promise<OutcomeVerdict[]>

interface Running {
  owner: string
  lease: Lease
  progress: Progress | undefined
  abort: AbortController
}

/** Outcomes in one `complete`, and characters of their JSON: one that is larger goes alone. */
const FLUSH_BATCH = 32
const FLUSH_CHARS = 1024 * 1024

/** Milliseconds that the owner has for its verdict on an answered outcome, until the outcome goes by `complete`. */
const VERDICT_MS = 5_000

/**
 * The worker's side of the queue: runs attempts for the owners that lease to it, within its capacity, and keeps
 * each outcome in the outbox until its owner has it. An attempt goes on when its owner's session drops.
 */
export class AttemptRunner implements Worker {
  readonly instanceId: string
  readonly #init: AttemptRunnerInit
  readonly #running = new Map<string, Running>()
  readonly #channels = new Map<string, Complete>()
  readonly #flushing = new Map<string, Promise<void>>()
  readonly #awaitingVerdict = new Map<string, () => void>()
  readonly #listeners = new Set<(stats: RunnerStats) => void>()
  #capacity: number
  #paused = false
  #draining = false
  #succeeded = 0
  #failed = 0
  #onIdle: (() => void)[] = []

  constructor(init: AttemptRunnerInit) {
    this.#init = init
    this.instanceId = init.instanceId
    this.#capacity = init.capacity
  }

  get stats(): RunnerStats {
    return {
      capacity: this.#capacity,
      running: this.#running.size,
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

  /** Calls `listener` when capacity, pause or the work has changed; the returned function ends it. */
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
    if (this.#running.size === 0) return
    const giveBack = () => {
      for (const { abort } of this.#running.values()) abort.abort(new Error('this worker is leaving'))
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
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { lease } = assignment
    const key = keyOf(owner, lease)
    const tool = this.#init.catalogue.get(assignment.tool)
    if (tool === undefined) return refused('no_runtime', `this worker does not have ${assignment.tool}`)
    if (this.credits === 0) return refused('unavailable', 'this worker takes no work now')
    if (this.#running.size >= this.#capacity)
      return refused('unavailable', 'this worker has no free capacity')
    if (this.#running.has(key)) return refused('unavailable', 'this attempt is running here already')

    const running: Running = { owner, lease, progress: undefined, abort: new AbortController() }
    const cancel = () => running.abort.abort(signal.reason)
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel, { once: true })
    this.#running.set(key, running)
    this.#changed()
    const outcome = await this.#attempt(tool, assignment, hooks, running)
    signal.removeEventListener('abort', cancel)
    await this.#keep(owner, lease, outcome)
    this.#running.delete(key)
    if (outcome.state === 'succeeded') this.#succeeded += 1
    else this.#failed += 1
    this.#changed()
    if (this.#running.size === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
    return outcome
  }

  settled(owner: string, lease: LeaseId): void {
    this.#awaitingVerdict.get(keyOf(owner, lease))?.()
    this.#awaitingVerdict.delete(keyOf(owner, lease))
    void this.#init.outbox.delete(owner, lease.task_id, lease.fence).catch(() => {
      // It stays in the outbox, and the next flush hears that it is a duplicate.
    })
  }

  live(owner: string): LiveLease[] {
    return [...this.#running.values()]
      .filter(running => running.owner === owner)
      .map(({ lease: { task_id, fence }, progress }) => ({
        task_id,
        fence,
        ...(progress ? { progress } : {}),
      }))
  }

  /**
   * Hands what the outbox holds for `owner` to it, in batches, and forgets what it answers for. `complete` is kept
   * as the way to the owner: an outcome whose call's answer got lost goes by it too, until it fails.
   */
  flush(owner: string, complete: Complete): Promise<void> {
    this.#channels.set(owner, complete)
    const running = (this.#flushing.get(owner) ?? Promise.resolve()).then(() => this.#flush(owner, complete))
    const settled = running.catch(() => {
      if (this.#channels.get(owner) === complete) this.#channels.delete(owner)
    })
    this.#flushing.set(owner, settled)
    return running
  }

  async #flush(owner: string, complete: Complete): Promise<void> {
    for (;;) {
      const entries = firstThatFit(await this.#init.outbox.list(owner, FLUSH_BATCH))
      if (entries.length === 0) return
      try {
        const verdicts = await complete(entries.map(({ owner: _, ...report }) => report))
        if (verdicts.length !== entries.length) throw new Error('the owner did not answer for every outcome')
      } catch (error) {
        // No session will ever carry it, and it must not hold up the others.
        const isTooLarge = error instanceof ToolmeshError && error.code === 'frame_too_large'
        if (!isTooLarge || entries.length > 1) throw error
      }
      for (const { task_id, fence } of entries) await this.#init.outbox.delete(owner, task_id, fence)
    }
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
        onProgress: progress => {
          running.progress = progress
          hooks.onProgress?.(progress)
        },
        onLog: line => hooks.onLog?.(line),
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

  /** In the outbox before it is answered; without a verdict in time it goes by `complete`. */
  async #keep(owner: string, lease: Lease, outcome: Outcome): Promise<void> {
    const { task_id, fence } = lease
    try {
      await this.#init.outbox.put({ owner, task_id, fence, instance_id: this.instanceId, outcome })
    } catch {
      // Without storage the answer on the call is its only way; lost, the attempt is repeated.
      return
    }
    const key = keyOf(owner, lease)
    const stop = this.#init.clock.after(VERDICT_MS, () => {
      this.#awaitingVerdict.delete(key)
      const complete = this.#channels.get(owner)
      if (complete !== undefined) this.flush(owner, complete).catch(() => {})
    })
    this.#awaitingVerdict.set(key, stop)
  }

  #changed(): void {
    for (const listener of this.#listeners) listener(this.stats)
  }
}

/** As many as go in one message, at least one. */
function firstThatFit(entries: readonly OutboxEntry[]): OutboxEntry[] {
  let chars = 0
  const fitting = entries.findIndex(({ outcome }, index) => {
    chars += JSON.stringify(outcome).length
    return index > 0 && chars > FLUSH_CHARS
  })
  return entries.slice(0, fitting === -1 ? entries.length : fitting)
}

function keyOf(owner: string, { task_id, fence }: LeaseId): string {
  return `${owner} ${task_id} ${fence}`
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
