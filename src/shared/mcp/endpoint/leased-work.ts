import { factsOf, ToolmeshError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import { LeaseMap } from '../../queue/lease-map.ts'
import { LOG_LINES_KEPT } from '../../queue/log-tail.ts'
import type { AttemptHooks, Outcome } from '../../queue/task.ts'
import type { LeaseId, OutcomeReport, OutcomeVerdict, Worker } from '../../queue/work.ts'
import type { LogLine, Progress } from '../../tools/tool.ts'
import type { SentAssignment } from './batch-messages.ts'
import { takeBatch } from './message-batch.ts'
import { PROGRESS_CHARS, PROGRESS_METHOD } from './protocol.ts'
import type { Notify } from './remote-worker.ts'

/** `complete` messages that may be without their answer, which takes a commit: what ends meanwhile goes in the next one. */
const MAX_UNANSWERED = 8
/** Log lines of one attempt that are told while it runs; those that its outcome carries are others' affair. */
const MAX_LIVE_LINES = 1_000

export interface LeasedWorkInit {
  worker: Worker
  ownerId: string
  /** Which run of this peer the owner knows. */
  instanceId: () => string
  complete: (reports: OutcomeReport[]) => Promise<OutcomeVerdict[]>
  notify: Notify
  logger: Logger
}

interface News extends LeaseId {
  progress?: Progress
  logs?: LogLine[]
}

/**
 * The worker's side of leases that one owner gave over one session, pushed or claimed: runs them and reports what becomes
 * of them. Outcomes of one tick travel in one message; the outbox has each of them until the owner answers for it.
 */
export class LeasedWork {
  readonly #init: LeasedWorkInit
  #outcomes: OutcomeReport[] = []
  #unanswered = 0
  #reportPlanned = false
  /** What is not told yet of attempts that run. */
  readonly #news = new LeaseMap<News>()
  #telling = false

  constructor(init: LeasedWorkInit) {
    this.#init = init
  }

  start(assignments: readonly SentAssignment[]): void {
    for (const assignment of assignments) this.#run(assignment)
  }

  /** Returns those that do not run here. */
  cancel(leases: readonly LeaseId[]): LeaseId[] {
    const { worker, ownerId } = this.#init
    const reason = new Error('the owner cancelled it')
    return leases.filter(lease => !worker.cancel(ownerId, lease, reason))
  }

  #run(assignment: SentAssignment): void {
    const { worker, ownerId, instanceId } = this.#init
    const { task_id, fence } = assignment.lease
    const ended = (outcome: Outcome): void => {
      this.#news.delete(assignment.lease)
      this.#outcomes.push({ task_id, fence, instance_id: instanceId(), outcome })
      this.#planReport()
    }
    worker
      .run(ownerId, assignment, this.#hooksOf({ task_id, fence }, assignment.logs === true))
      .then(ended, error => ended({ state: 'failed', error: factsOf(error) }))
  }

  #planReport(): void {
    if (this.#reportPlanned) return
    this.#reportPlanned = true
    queueMicrotask(() => {
      this.#reportPlanned = false
      while (this.#outcomes.length > 0 && this.#unanswered < MAX_UNANSWERED) {
        void this.#report(takeBatch(this.#outcomes, ({ outcome }) => outcome))
      }
    })
  }

  async #report(reports: OutcomeReport[]): Promise<void> {
    const { worker, ownerId, complete, logger } = this.#init
    this.#unanswered += 1
    try {
      await complete(reports)
      worker.settled(ownerId, reports)
    } catch (error) {
      const [alone] = reports
      if (isTooLarge(error) && reports.length === 1 && alone !== undefined) {
        this.#outcomes.push({ ...alone, outcome: tooLarge(error) })
      } else {
        // The outbox has them, and delivers what is left without a verdict.
        logger('debug', 'outcomes were not taken', { owner_id: ownerId, error: String(error) })
      }
    } finally {
      this.#unanswered -= 1
      if (this.#outcomes.length > 0) this.#planReport()
    }
  }

  #hooksOf(lease: LeaseId, wantsLogs: boolean): AttemptHooks {
    const onProgress = (progress: Progress): void => {
      const { message } = progress
      const told =
        message === undefined ? progress : { ...progress, message: message.slice(0, PROGRESS_CHARS) }
      this.#newsOf(lease).progress = told
    }
    if (!wantsLogs) return { onProgress }
    let lines = 0
    const onLog = ({ level, message, data }: LogLine): void => {
      lines += 1
      if (lines > MAX_LIVE_LINES) return
      const news = this.#newsOf(lease)
      const line = { level, message, ...(data === undefined ? {} : { data }) }
      news.logs = [...(news.logs ?? []), line].slice(-LOG_LINES_KEPT)
    }
    return { onProgress, onLog }
  }

  #newsOf(lease: LeaseId): News {
    const news = this.#news.get(lease) ?? { ...lease }
    this.#news.set(lease, news)
    if (!this.#telling) {
      this.#telling = true
      queueMicrotask(() => void this.#tell())
    }
    return news
  }

  /** One message under way at a time: what is newer when it was written replaces what was not told. */
  async #tell(): Promise<void> {
    const { notify, ownerId, logger } = this.#init
    try {
      while (this.#news.size > 0) {
        const attempts = takeBatch([...this.#news.values()], news => news)
        for (const each of attempts) this.#news.delete(each)
        await notify(PROGRESS_METHOD, { attempts })
      }
    } catch (error) {
      logger('debug', 'progress was not told', { owner_id: ownerId, error: String(error) })
    } finally {
      this.#telling = false
    }
  }
}

function isTooLarge(error: unknown): error is ToolmeshError {
  return error instanceof ToolmeshError && error.code === 'frame_too_large'
}

/** No session will ever carry the result, so the attempt has failed. */
function tooLarge(error: ToolmeshError): Outcome {
  return { state: 'failed', error: { code: 'tool_failed', message: error.message, retryable: false } }
}
