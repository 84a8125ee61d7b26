import type { Clock } from '../../clock.ts'
import { factsOf } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { Json, Progress } from '../../tools/tool.ts'
import type { AlarmClock } from '../alarm-clock.ts'
import type { Bodies } from '../bodies/bodies.ts'
import { LinkLostError } from '../errors.ts'
import type { QueueLimits } from '../limits.ts'
import { LogTail, storedLogs } from '../log-tail.ts'
import type { BlobRef, Body, Command, CommandMap, Reply, ReportedOutcome } from '../states/commands.ts'
import { laneKey } from '../states/lane.ts'
import type { InsistentCommit } from '../store/insistent-commit.ts'
import type { StoreHealth } from '../store/store-health.ts'
import type { Attempt, AttemptHooks, AttemptLogLine, Outcome, TaskHead } from '../task.ts'
import type { Assignment, Lease, LeaseId, OutcomeVerdict, WorkerLink } from '../work.ts'
import { LargeInputs } from './large-inputs.ts'
import { type HeldLease, LeaseBook, type LeasedCall, type LeaseOrigin, newLease } from './lease-book.ts'
import { releaseOutcome, storedOutcome } from './stored-outcome.ts'
import type { WorkerSlot } from './worker-slot.ts'

export interface LeasedAttemptsInit {
  clock: Clock
  logger: Logger
  /** Uniform in [0, 1). */
  random: () => number
  alarms: AlarmClock
  commits: InsistentCommit
  health: StoreHealth
  bodies: Bodies
  limits: Pick<QueueLimits, 'largeInputBytes'>
  leaseMs: number
  graceMs: number
  /** A credit of the worker is free again. */
  onFree: (slot: WorkerSlot) => void
}

/** Milliseconds after an attempt's own limit until the owner gives up on it: the worker ends it first. */
const LIMIT_MARGIN_MS = 5_000

/** What a durable lease lets a worker run. */
export interface Grant {
  terms: Lease
  tool: string
  params: Body
}

/** The attempts that are leased to workers now: each is run on its worker, and its end is committed. */
export class LeasedAttempts {
  readonly #init: LeasedAttemptsInit
  readonly #leases: LeaseBook
  readonly #largeInputs: LargeInputs

  constructor(init: LeasedAttemptsInit) {
    this.#init = init
    this.#largeInputs = new LargeInputs(init.limits.largeInputBytes)
    const { clock, alarms, logger, leaseMs, graceMs } = init
    const onLost = (lease: HeldLease) => this.release(lease, 'lost')
    this.#leases = new LeaseBook({ clock, alarms, logger, leaseMs, graceMs, onLost })
  }

  get size(): number {
    return this.#leases.size
  }

  progressOf(taskId: string): Progress | undefined {
    return this.#leases.get(taskId)?.progress
  }

  /** The newest log lines of the attempt that runs, the oldest of them first. */
  logsOf(taskId: string): AttemptLogLine[] {
    return this.#leases.get(taskId)?.logs?.lines ?? []
  }

  /** A peer's lease from before a restart: it may have ended in time and not been able to say so. */
  recover(task: TaskHead, { fence, peer_id, instance_id, started_at }: Attempt): HeldLease {
    const { alarms, clock, graceMs } = this.#init
    const lease = newLease({
      task_id: task.task_id,
      fence,
      peer_id,
      instance_id,
      lane: laneKey(task),
      grantedAt: undefined,
    })
    const end = started_at + task.attempt_timeout_ms + LIMIT_MARGIN_MS
    const limit = Math.max(end, clock.now() + LIMIT_MARGIN_MS + graceMs)
    lease.limit = alarms.at(limit, () => this.release(lease, 'timed_out'))
    this.#leases.recover(lease)
    return lease
  }

  /** Workers can come back from now on. */
  beginGrace(): void {
    this.#leases.beginGrace()
  }

  /** A known instance came back on a new link; its leases hold credits of that again. Returns how many. */
  retake(slot: WorkerSlot): number {
    return this.#leases.retake(slot)
  }

  /** The worker's link dropped. */
  orphan(slot: WorkerSlot): void {
    this.#leases.orphan(slot)
  }

  /** A peer still runs these (none named: all that it holds); renews those that are still its own, and returns them. */
  heartbeat(peerId: string, leases?: readonly LeaseId[]): LeaseId[] {
    return this.#leases.heartbeat(peerId, leases ?? this.#leases.ofPeer(peerId))
  }

  /** A lease is durable: its time begins. No slot: its worker has left meanwhile. */
  hold(origin: Omit<LeaseOrigin, 'grantedAt'>, timeoutMs: number, slot: WorkerSlot | undefined): HeldLease {
    const lease = newLease({ ...origin, grantedAt: this.#init.clock.monotonic() })
    lease.slot = slot
    this.#leases.hold(lease)
    this.#limit(lease, timeoutMs)
    return lease
  }

  /** One attempt on its worker: its outcome frees the credit at once, so that the next lease joins its commit. */
  async run(lease: HeldLease, slot: WorkerSlot, grant: Grant): Promise<void> {
    const call: LeasedCall = { link: slot.link, waiting: undefined }
    lease.call = call
    try {
      const { params } = grant
      const outcome = await (typeof params === 'string'
        ? this.#call(lease, slot, grant, JSON.parse(params))
        : this.#callWithLarge(lease, slot, grant, params, call))
      this.#ended(lease, slot)
      void this.#settle(lease, slot.link, outcome)
    } catch (error) {
      if (error instanceof LinkLostError) return
      this.#init.logger('warning', 'a worker failed without an outcome', {
        ...idsOf(lease),
        error: String(error),
      })
      this.#ended(lease, slot)
      this.release(lease, 'lost')
    } finally {
      if (lease.call === call) lease.call = undefined
    }
  }

  /** What a worker that pulls is given; undefined when the params could not be read, which ends the attempt. */
  async assign(lease: HeldLease, slot: WorkerSlot, grant: Grant): Promise<Assignment | undefined> {
    try {
      return { lease: grant.terms, tool: grant.tool, input: await this.#read(grant.params) }
    } catch (error) {
      this.#ended(lease, slot)
      await this.#settle(lease, slot.link, unreadable(error))
      return undefined
    }
  }

  /** The task is no longer running: ends its lease, if it has one, and frees what that held. */
  end(taskId: string, why: Command['kind']): HeldLease | undefined {
    const lease = this.#leases.end(taskId)
    // A call's credit is free when the call has ended.
    if (lease?.call !== undefined) stop(lease, lease.call, `the lease ended: ${why}`)
    else if (lease?.slot !== undefined) {
      // Of an attempt that was lost an outcome may still count; of these none does.
      if (why === 'cancel' || why === 'due') lease.slot.link.cancel(lease, `the lease ended: ${why}`)
      this.#free(lease.slot)
    }
    return lease
  }

  /** Ends a lease without an outcome. */
  release(lease: HeldLease, cause: CommandMap['release']['cause']): void {
    const { task_id, fence } = lease
    const logs = storedLogs(lease.logs?.lines ?? [])
    void this.#init.commits.change({
      kind: 'release',
      task_id,
      fence,
      ...this.#now(),
      cause,
      ...(logs === undefined ? {} : { logs }),
    })
  }

  /** Waits for its turn, and reads the params, before the worker is called. */
  async #callWithLarge(
    lease: HeldLease,
    slot: WorkerSlot,
    grant: Grant,
    params: BlobRef,
    call: LeasedCall,
  ): Promise<Outcome> {
    call.waiting = new AbortController()
    const { signal } = call.waiting
    // It has not begun, so its time has not either.
    this.#leases.postpone(lease)
    const giveBack = await this.#largeInputs.take(params.size, signal)
    if (giveBack === undefined) return cancelled(signal)
    try {
      if (lease.slot === slot) this.#limit(lease, grant.terms.deadline_ms)
      this.#leases.begin(lease, slot)
      let input: Json
      try {
        input = await this.#read(params)
      } catch (error) {
        return unreadable(error)
      }
      if (signal.aborted) return cancelled(signal)
      call.waiting = undefined
      return await this.#call(lease, slot, grant, input)
    } finally {
      giveBack()
    }
  }

  /** Ends the attempt when its worker did not, a moment after it should have. */
  #limit(lease: HeldLease, timeoutMs: number): void {
    if (lease.isEnding) return
    const { alarms } = this.#init
    lease.limit = alarms.in(timeoutMs + LIMIT_MARGIN_MS, () => this.release(lease, 'timed_out'))
  }

  #call(lease: HeldLease, slot: WorkerSlot, { terms, tool }: Grant, input: Json): Promise<Outcome> {
    const hooks: AttemptHooks = {
      onProgress: progress => {
        lease.progress = progress
      },
      onLog: line => {
        lease.logs ??= new LogTail()
        lease.logs.add(line, this.#init.clock.now())
      },
    }
    return slot.link.run({ lease: terms, tool, input }, hooks)
  }

  async #read(params: Body): Promise<Json> {
    return JSON.parse(typeof params === 'string' ? params : await this.#init.bodies.read(params))
  }

  /** The call has ended: its credit is free, and what is left of the lease is to commit its end. */
  #ended(lease: HeldLease, slot: WorkerSlot): void {
    // After a reconnect the lease may hold a credit of the new link, which its end in the book frees.
    if (lease.slot === slot) lease.slot = undefined
    this.#leases.stopClock(lease)
    this.#free(slot)
  }

  #free(slot: WorkerSlot): void {
    slot.running -= 1
    this.#init.onFree(slot)
  }

  /** The worker keeps the outcome until it hears that the store has had it, whatever the verdict. */
  async #settle(lease: HeldLease, link: WorkerLink, outcome: Outcome): Promise<void> {
    const { bodies, commits } = this.#init
    const { task_id, fence, peer_id, instance_id } = lease
    const logs = storedLogs(outcome.logs ?? lease.logs?.lines ?? [])
    const stored = storedOutcome(outcome, bodies)
    const durable = stored instanceof Promise ? await this.#insist(stored, outcome) : stored
    if (durable === undefined) return
    const reply = await commits.change({
      kind: 'settle',
      task_id,
      fence,
      peer_id,
      instance_id,
      ...this.#now(),
      outcome: durable,
      ...(logs === undefined ? {} : { logs }),
    })
    releaseOutcome(durable, reply?.changed ?? true, bodies)
    if (reply !== undefined) link.settled({ task_id, fence }, verdictOf(reply))
  }

  /** Keeps a large result, however often the disk refuses; undefined once closed. */
  async #insist(first: Promise<ReportedOutcome>, outcome: Outcome): Promise<ReportedOutcome | undefined> {
    const { health, bodies } = this.#init
    for (let next: ReportedOutcome | Promise<ReportedOutcome> = first; ; ) {
      try {
        return await next
      } catch (error) {
        health.failed(error)
        if (!(await health.healthy())) return undefined
        next = storedOutcome(outcome, bodies)
      }
    }
  }

  #now(): { at: number; roll: number } {
    return { at: this.#init.clock.now(), roll: this.#init.random() }
  }
}

/** What a worker hears of the outcome that it reported. */
export function verdictOf(reply: Reply): OutcomeVerdict {
  if (reply.changed) return 'committed'
  return reply.refusal === 'duplicate' ? 'duplicate' : 'stale_fence'
}

function unreadable(error: unknown): Outcome {
  const message = `the params could not be read: ${factsOf(error).message}`
  return { state: 'failed', error: { code: 'internal', message, retryable: true } }
}

/** Its outcome comes when its worker confirms. */
function stop(lease: HeldLease, { link, waiting }: LeasedCall, reason: string): void {
  if (waiting === undefined) link.cancel(lease, reason)
  else waiting.abort(new Error(reason))
}

function cancelled(signal: AbortSignal): Outcome {
  return {
    state: 'cancelled',
    error: { code: 'cancelled', message: String(signal.reason), retryable: false },
  }
}

function idsOf({ task_id, fence, peer_id }: HeldLease) {
  return { task_id, fence, peer_id }
}
