import type { Clock } from '../../clock.ts'
import type { Changed, CommandMap } from '../states/commands.ts'
import type { CommitLine } from '../store/group-commit.ts'
import type { InsistentCommit } from '../store/insistent-commit.ts'
import type { Taken, WaitingTasks } from '../waiting/waiting-tasks.ts'
import type { HeldLease } from './lease-book.ts'
import type { Grant, LeasedAttempts } from './leased-attempts.ts'
import type { WorkerRoster } from './worker-roster.ts'
import type { WorkerSlot } from './worker-slot.ts'

export interface LeaseGrantsInit {
  clock: Clock
  commits: InsistentCommit
  leaseMs: number
  waiting: Pick<WaitingTasks<WorkerSlot>, 'giveUp'>
  roster: WorkerRoster
  attempts: Pick<LeasedAttempts, 'hold' | 'release'>
  /** A credit that was spent on a lease is free again. */
  onFree: (slot: WorkerSlot) => void
}

/** What is done with a lease once it is durable. */
type OnGrant = (lease: HeldLease, grant: Grant) => void

interface Granting {
  readonly taken: Taken
  readonly slot: WorkerSlot
  /** Lanes that know already that the task has left them: it was taken there. */
  readonly lanes: Set<string>
  readonly onGrant: OnGrant
}

/** Leases that are being committed: for whom, and what becomes of them. */
export class LeaseGrants {
  readonly #init: LeaseGrantsInit
  readonly #granting = new Map<string, Granting>()

  constructor(init: LeaseGrantsInit) {
    this.#init = init
  }

  get size(): number {
    return this.#granting.size
  }

  /** Leases what was taken to the worker, whose credit is spent at once; resolves when that is decided. */
  grant(taken: Taken, slot: WorkerSlot, onGrant: OnGrant): Promise<unknown> {
    const { task_id, lane } = taken
    const earlier = this.#granting.get(task_id)
    if (earlier === undefined) return this.#commit({ taken, slot, lanes: new Set([lane]), onGrant })
    // It went to another lane while its lease is being committed.
    earlier.lanes.add(lane)
    this.#init.waiting.giveUp(taken)
    return Promise.resolve()
  }

  /** As `grant`, for a task that is only being made: the lease stands behind its submit. */
  grantNew(taken: Taken, slot: WorkerSlot, onGrant: OnGrant): Promise<unknown> {
    return this.#commit({ taken, slot, lanes: new Set(), onGrant }, 'new')
  }

  /** Whether the task was taken from this lane, which it has left now by a committed change. */
  took(taskId: string, lane: string): boolean {
    return this.#granting.get(taskId)?.lanes.delete(lane) ?? false
  }

  refused(taskId: string): void {
    const granting = this.#granting.get(taskId)
    if (granting === undefined) return
    this.#granting.delete(taskId)
    this.#init.waiting.giveUp(granting.taken)
    granting.slot.running -= 1
    this.#init.onFree(granting.slot)
  }

  granted({ task_id, peer_id, instance_id }: CommandMap['lease'], reply: Changed): void {
    const { roster, attempts } = this.#init
    const granting = this.#granting.get(task_id)
    this.#granting.delete(task_id)
    if (granting === undefined || reply.granted === undefined) return
    const { taken, slot, onGrant } = granting
    const isThere = roster.has(slot)
    const origin = { task_id, fence: reply.fence, peer_id, instance_id, lane: taken.lane }
    const lease = attempts.hold(origin, reply.granted.attempt_timeout_ms, isThere ? slot : undefined)
    if (isThere) onGrant(lease, this.#grantOf(reply, reply.granted))
    else attempts.release(lease, 'given_back')
  }

  #commit(granting: Granting, line?: CommitLine): Promise<unknown> {
    const { roster, commits, clock } = this.#init
    const { taken, slot } = granting
    slot.running += 1
    roster.changed(slot)
    this.#granting.set(taken.task_id, granting)
    const { peer_id, instance_id } = slot
    const { task_id } = taken
    return commits.change({ kind: 'lease', task_id, at: clock.now(), peer_id, instance_id }, line)
  }

  #grantOf({ task_id, fence, tool }: Changed, granted: NonNullable<Changed['granted']>): Grant {
    const { attempt, attempt_timeout_ms, deadline = Number.POSITIVE_INFINITY, params } = granted
    const left = Math.max(deadline - this.#init.clock.now(), 1)
    const deadline_ms = Math.min(attempt_timeout_ms, left)
    const terms = { task_id, attempt, fence, lease_ms: this.#init.leaseMs, deadline_ms }
    return { terms, tool, params }
  }
}
