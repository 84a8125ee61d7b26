import type { Body, JsonText } from '../../../shared/queue/states/commands.ts'
import type { KeyedTask, WaitingTask } from '../../../shared/queue/store/store.ts'
import { TERMINAL_STATES } from '../../../shared/queue/task.ts'
import type { LaneEntry } from './lane-register.ts'
import type { TaskRow } from './task-table.ts'

/** A task with changes that are in the redo log and not in the tables yet. */
export interface UnwrittenTask extends TaskRow {
  /** Entry of the redo log that holds the first of these changes. */
  readonly since: number
  /** It has no row yet. */
  readonly isNew: boolean
  /** Labels or what seldom changes in it are not as its rows say. */
  isRewritten: boolean
  result?: Body
  /** Log lines of attempts. */
  logs?: { fence: number; lines: JsonText }[]
}

/** What the tables do not know yet, the task that changed first first. */
export class UnwrittenTasks {
  readonly #byId = new Map<string, UnwrittenTask>()
  /** New tasks that have an idempotency key. */
  readonly #byKey = new Map<string, UnwrittenTask>()

  get size(): number {
    return this.#byId.size
  }

  /** Oldest entry of the redo log that is still needed; undefined: none is. */
  get since(): number | undefined {
    return this.#byId.values().next().value?.since
  }

  get(taskId: string): UnwrittenTask | undefined {
    return this.#byId.get(taskId)
  }

  /** The new task that has this key. */
  holderOf(principal: string, idempotencyKey: string): UnwrittenTask | undefined {
    return this.#byKey.size === 0 ? undefined : this.#byKey.get(keyOf(principal, idempotencyKey))
  }

  /** Those that have not ended and whose key begins with `prefix` and is behind `after`. */
  openByKey(principal: string, prefix: string, after: string): KeyedTask[] {
    const found: KeyedTask[] = []
    for (const { head } of this.#byId.values()) {
      const { task_id, idempotency_key: key = '' } = head
      if (head.principal !== principal || TERMINAL_STATES.has(head.state)) continue
      if (key.startsWith(prefix) && key > after) found.push({ key, task_id })
    }
    return found
  }

  /** Those that wait in the lane, with numbers above `after`. */
  waitingIn(lane: LaneEntry, after: number): WaitingTask[] {
    const found: WaitingTask[] = []
    for (const { lane: waitsIn, n, head } of this.#byId.values()) {
      if (waitsIn !== lane || n <= after) continue
      found.push({ task_id: head.task_id, order: n, queued_at: head.queued_at ?? head.created_at })
    }
    return found
  }

  add(task: UnwrittenTask): void {
    const { task_id, principal, idempotency_key } = task.head
    this.#byId.set(task_id, task)
    if (task.isNew && idempotency_key !== undefined) this.#byKey.set(keyOf(principal, idempotency_key), task)
  }

  /** Takes out those that changed first, at most so many. */
  *take(most: number): Generator<UnwrittenTask> {
    let taken = 0
    for (const task of this.#byId.values()) {
      if (taken >= most) return
      taken += 1
      const { task_id, principal, idempotency_key } = task.head
      this.#byId.delete(task_id)
      if (idempotency_key !== undefined) this.#byKey.delete(keyOf(principal, idempotency_key))
      yield task
    }
  }
}

function keyOf(principal: string, idempotencyKey: string): string {
  return JSON.stringify([principal, idempotencyKey])
}
