import type { Attempt, AttemptLogLine, Task, TaskEvent, TaskHead } from '../../queue/task.ts'
import type { Progress } from '../../tools/tool.ts'
import { iso, time } from '../iso-time.ts'
import type {
  AttemptView,
  LogLineView,
  TaskEventView,
  TaskStatusView,
  TaskSummaryView,
  TaskView,
} from '../views.ts'
import type { QueuePort } from './queue-port.ts'

/** Log lines of one task in an answer: of a task with many attempts the newest, which tell most. */
const MAX_LOG_LINES = 300

/** What is known of a task beside what is stored: of the attempt that runs, and of what it waits for. */
type LiveFacts = Pick<QueuePort, 'progressOf' | 'logsOf' | 'missingFor'>

/** A task as lists show it. `progress` is that of the attempt that runs now. */
export function taskSummary(task: TaskHead, progress: Progress | undefined): TaskSummaryView {
  const peerId = task.attempts.at(-1)?.peer_id
  return {
    task_id: task.task_id,
    state: task.state,
    tool: task.tool,
    priority: task.priority,
    ...(Object.keys(task.labels).length === 0 ? {} : { labels: task.labels }),
    created_at: iso(task.created_at),
    ...time('run_at', task.run_at),
    ...time('ended_at', task.ended_at),
    attempts: task.attempts.length,
    ...(peerId === undefined ? {} : { peer_id: peerId }),
    ...(progress === undefined ? {} : { progress }),
    ...(task.error === undefined ? {} : { error: task.error }),
  }
}

/** A task with its attempts, without its bodies. */
export function taskStatus(task: TaskHead, live: LiveFacts): TaskStatusView {
  const { target, idempotency_key, resubmitted_from, queue_timeout_ms, concurrency, rate } = task
  const progress = live.progressOf(task.task_id)
  const waitingFor = task.state === 'queued' ? live.missingFor(task) : undefined
  return {
    task_id: task.task_id,
    state: task.state,
    ...(waitingFor === undefined ? {} : { waiting_for: waitingFor }),
    tool: task.tool,
    principal: task.principal,
    priority: task.priority,
    requires: task.requires,
    ...(target === undefined ? {} : { target }),
    any_build: task.any_build,
    ...(idempotency_key === undefined ? {} : { idempotency_key }),
    ...(resubmitted_from === undefined ? {} : { resubmitted_from }),
    labels: task.labels,
    metadata: task.metadata,
    created_at: iso(task.created_at),
    ...time('queued_at', task.queued_at),
    ...time('run_at', task.run_at),
    ...(queue_timeout_ms === undefined ? {} : { queue_timeout_ms }),
    attempt_timeout_ms: task.attempt_timeout_ms,
    ...time('deadline', task.deadline),
    retry: task.retry,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rate === undefined ? {} : { rate }),
    ...time('ended_at', task.ended_at),
    ...(progress === undefined ? {} : { progress }),
    attempts: attemptViews(task, live),
    ...(task.error === undefined ? {} : { error: task.error }),
  }
}

/** A task whole. */
export function taskView(task: Task, live: LiveFacts): TaskView {
  return {
    ...taskStatus(task, live),
    params: task.params,
    ...(task.result === undefined ? {} : { result: task.result }),
  }
}

export function taskEventView({ seq, task_id, state, at, tool, peer_id, fence }: TaskEvent): TaskEventView {
  return { seq, task_id, state, at: iso(at), tool, ...(peer_id === undefined ? {} : { peer_id }), fence }
}

/** The newest log lines of all attempts together, as many as an answer has room for. */
function attemptViews({ task_id, attempts }: TaskHead, live: LiveFacts): AttemptView[] {
  let room = MAX_LOG_LINES
  return attempts
    .toReversed()
    .map(attempt => {
      const all = attempt.state === 'running' ? live.logsOf(task_id) : (attempt.logs ?? [])
      const logs = room === 0 ? [] : all.slice(-room)
      room -= logs.length
      return attemptView(attempt, logs)
    })
    .reverse()
}

function attemptView(attempt: Attempt, logs: readonly AttemptLogLine[]): AttemptView {
  const { number, fence, peer_id, state, started_at, ended_at, error } = attempt
  return {
    number,
    fence,
    peer_id,
    state,
    started_at: iso(started_at),
    ...time('ended_at', ended_at),
    ...(error === undefined ? {} : { error }),
    ...(logs.length === 0 ? {} : { logs: logs.map(logView) }),
  }
}

function logView({ at, ...line }: AttemptLogLine): LogLineView {
  return { at: iso(at), ...line }
}
