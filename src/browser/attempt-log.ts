import type { Clock } from '../shared/clock.ts'
import type { ErrorCode } from '../shared/errors.ts'
import type { AttemptHooks, Outcome } from '../shared/queue/task.ts'
import type { Assignment, LeaseId, LiveLease, Worker } from '../shared/queue/work.ts'
import type { TabAttempt, TabState } from './tab-contract.ts'

/** Ended attempts that the page shows. */
const RECENT = 50

/** Codes of an attempt that the worker gave back unrun. */
const NOT_RUN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['unavailable', 'no_runtime'])

export type AttemptLogView = Pick<TabState, 'running' | 'done' | 'recent'>

/** A worker as it is, and a record of what it runs and has run for the page to show. */
export class AttemptLog implements Worker {
  readonly #worker: Worker
  readonly #clock: Clock
  readonly #onChange: (view: AttemptLogView) => void
  #running: readonly TabAttempt[] = []
  #done = { succeeded: 0, failed: 0 }
  #recent: TabState['recent'] = []

  constructor(worker: Worker, clock: Clock, onChange: (view: AttemptLogView) => void) {
    this.#worker = worker
    this.#clock = clock
    this.#onChange = onChange
  }

  async run(
    owner: string,
    assignment: Assignment,
    hooks: AttemptHooks,
    signal?: AbortSignal,
  ): Promise<Outcome> {
    let attempt: TabAttempt = {
      task_id: assignment.lease.task_id,
      tool: assignment.tool,
      started_at: this.#clock.now(),
    }
    const replace = (...by: TabAttempt[]) => {
      this.#running = this.#running.flatMap(one => (one === attempt ? by : [one]))
    }
    this.#running = [...this.#running, attempt]
    this.#changed()
    const onProgress: AttemptHooks['onProgress'] = progress => {
      const next = { ...attempt, progress }
      replace(next)
      attempt = next
      this.#changed()
      hooks.onProgress?.(progress)
    }
    try {
      const outcome = await this.#worker.run(owner, assignment, { ...hooks, onProgress }, signal)
      this.#count(attempt, outcome)
      return outcome
    } finally {
      replace()
      this.#changed()
    }
  }

  cancel(owner: string, lease: LeaseId, reason: Error): boolean {
    return this.#worker.cancel(owner, lease, reason)
  }

  settled(owner: string, leases: readonly LeaseId[]): void {
    this.#worker.settled(owner, leases)
  }

  live(owner: string): LiveLease[] {
    return this.#worker.live(owner)
  }

  #count({ task_id, tool, started_at }: TabAttempt, outcome: Outcome): void {
    if (outcome.state !== 'succeeded' && NOT_RUN.has(outcome.error.code)) return
    const ok = outcome.state === 'succeeded'
    const { succeeded, failed } = this.#done
    this.#done = ok ? { succeeded: succeeded + 1, failed } : { succeeded, failed: failed + 1 }
    const ended_at = this.#clock.now()
    const ended = { task_id, tool, ok, ms: ended_at - started_at, ended_at }
    this.#recent = [ended, ...this.#recent].slice(0, RECENT)
  }

  #changed(): void {
    this.#onChange({ running: [...this.#running], done: this.#done, recent: this.#recent })
  }
}
