import type { Attempt, Task, TaskHead } from '../../queue/task.ts'
import type { Progress } from '../../tools/tool.ts'
import type { AttemptView, TaskStatusView, TaskSummaryView, TaskView } from '../views.ts'

/** A task as lists show it. `progress` is that of the attempt that runs now. */
export function taskSummary(task: TaskHead, progress: Progress | undefined): TaskSummaryView {
  const peerId = task.attempts.at(-1)?.peer_id
  return {
    task_id: task.task_id,
    state: task.state,
    tool: task.tool,
    priority: task.priority,
    created_at: iso(task.created_at),
    ...time('ended_at', task.ended_at),
    attempts: task.attempts.length,
    ...(peerId === undefined ? {} : { peer_id: peerId }),
    ...(progress === undefined ? {} : { progress }),
    ...(task.error === undefined ? {} : { error: task.error }),
  }
}

/** A task with its attempts, without its bodies. */
export function taskStatus(task: TaskHead, progress: Progress | undefined): TaskStatusView {
  return {
    task_id: task.task_id,
    state: task.state,
    tool: task.tool,
    principal: task.principal,
    priority: task.priority,
    requires: task.requires,
    ...(task.target === undefined ? {} : { target: task.target }),
    labels: task.labels,
    metadata: task.metadata,
    created_at: iso(task.created_at),
    ...time('queued_at', task.queued_at),
    ...time('run_at', task.run_at),
    ...time('deadline', task.deadline),
    ...time('ended_at', task.ended_at),
    ...(progress === undefined ? {} : { progress }),
    attempts: task.attempts.map(attemptView),
    ...(task.error === undefined ? {} : { error: task.error }),
  }
}

/** A task whole. */
export function taskView(task: Task, progress: Progress | undefined): TaskView {
  return {
    ...taskStatus(task, progress),
    params: task.params,
    ...(task.result === undefined ? {} : { result: task.result }),
  }
}

function attemptView(attempt: Attempt): AttemptView {
  const { number, fence, peer_id, state, started_at, ended_at, error } = attempt
  return {
    number,
    fence,
    peer_id,
    state,
    started_at: iso(started_at),
    ...time('ended_at', ended_at),
    ...(error === undefined ? {} : { error }),
  }
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

function time<K extends string>(key: K, epochMs: number | undefined): { [key in K]?: string } {
  if (epochMs === undefined) return {}
  const field: { [key in K]?: string } = {}
  field[key] = iso(epochMs)
  return field
}
