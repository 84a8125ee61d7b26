/** Tasks and commands to test with: not part of the product. */

import type { TaskHead } from '../task.ts'
import type { CommandMap } from './commands.ts'

/** When they are made, epoch milliseconds. */
export const AT = 1_750_000_000_000

/** A new task with small values. */
export function headOf(task_id: string, more: Partial<TaskHead> = {}): TaskHead {
  return {
    task_id,
    seq: 0,
    state: 'queued',
    principal: 'alice',
    tool: 'work',
    code_cid: 'code',
    repeat: 'pure',
    priority: 5,
    requires: [],
    any_build: false,
    attempt_timeout_ms: 1_000,
    retry: { max_attempts: 3, base_delay_ms: 100, max_delay_ms: 1_000, always: false },
    labels: {},
    metadata: {},
    created_at: AT,
    fence: 0,
    attempts: [],
    ...more,
  }
}

export function submit(task: TaskHead): CommandMap['submit'] {
  return { kind: 'submit', task_id: task.task_id, at: AT, task, params: JSON.stringify({ of: task.task_id }) }
}

export function lease(task_id: string): CommandMap['lease'] {
  return { kind: 'lease', task_id, at: AT, peer_id: 'p1', instance_id: 'i1' }
}

export function settle(task_id: string, fence: number, of = task_id): CommandMap['settle'] {
  const outcome = { state: 'succeeded', result: JSON.stringify({ of }) } as const
  return { kind: 'settle', task_id, at: AT, roll: 0, fence, peer_id: 'p1', instance_id: 'i1', outcome }
}
