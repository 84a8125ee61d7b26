import type { ErrorFacts } from '../../shared/errors.ts'
import type { Command, Reply } from '../../shared/queue/commands.ts'
import type { TaskFilter, TaskPage } from '../../shared/queue/store.ts'
import type { TaskHead, TaskState } from '../../shared/queue/task.ts'
import type { StoredBodies } from './queue-database.ts'

/** What the store asks of its thread, and what it gets. Both ends are this module's build: nothing else can speak here. */
export interface ThreadCalls {
  apply: { args: [readonly Command[]]; value: Reply[] }
  get: { args: [string]; value: StoredBodies | undefined }
  list: { args: [TaskFilter]; value: TaskPage }
  counts: { args: []; value: Record<TaskState, number> }
  live: { args: [number]; value: { tasks: TaskHead[]; last: number | undefined } }
  prune: { args: [number, number]; value: number }
  close: { args: []; value: undefined }
}

export type ThreadMethod = keyof ThreadCalls

export type ThreadRequest = {
  [M in ThreadMethod]: { id: number; method: M; args: ThreadCalls[M]['args'] }
}[ThreadMethod]

export type ThreadResponse = { id: number; value: unknown } | { id: number; error: ErrorFacts }

/** The first message of the thread: it has opened the file, or why not. */
export const OPENED = 0
