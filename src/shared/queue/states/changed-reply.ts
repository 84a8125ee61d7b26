import type { TaskEvent, TaskHead } from '../task.ts'
import type { Body, Changed, Command } from './commands.ts'
import { dueAt } from './states.ts'

/** What a store knows of a change beside the task. */
export interface ChangePlace {
  order: number
  /** The lane in which the task waited before. */
  waitedIn: string | undefined
  /** The lane in which it waits now. */
  waitsIn: string | undefined
  /** Needed for the reply to a lease. */
  params: Body | undefined
}

/** The reply to a command that made `task` of its task. */
export function changedReply(command: Command, task: TaskHead, place: ChangePlace): Changed {
  const last = task.attempts.at(-1)
  const reply: Changed = {
    changed: true,
    task_id: task.task_id,
    seq: task.seq,
    state: task.state,
    fence: task.fence,
    at: command.at,
    tool: task.tool,
    principal: task.principal,
    order: place.order,
  }
  const due = dueAt(task)
  if (last !== undefined) reply.peer_id = last.peer_id
  if (place.waitsIn !== place.waitedIn) {
    if (place.waitsIn !== undefined) reply.lane = place.waitsIn
    if (place.waitedIn !== undefined) reply.left = place.waitedIn
  }
  if (task.queued_at !== undefined) reply.queued_at = task.queued_at
  if (due !== undefined) reply.due_at = due
  if (command.kind === 'lease' && last !== undefined && place.params !== undefined) {
    reply.granted = {
      params: place.params,
      attempt: last.number,
      attempt_timeout_ms: task.attempt_timeout_ms,
    }
    if (task.deadline !== undefined) reply.granted.deadline = task.deadline
  }
  return reply
}

/** The event of a committed change. */
export function eventOf({ task_id, seq, state, at, fence, tool, principal, peer_id }: Changed): TaskEvent {
  const event: TaskEvent = { task_id, seq, state, at, fence, tool, principal }
  if (peer_id !== undefined) event.peer_id = peer_id
  return event
}
