import type { ErrorFacts } from '../../errors.ts'
import type { Task, TaskEvent, TaskHead, TaskRequest, TaskState } from '../../queue/task.ts'
import type { Progress } from '../../tools/tool.ts'

/** What the tools and resources of tasks need of the queue. */
export interface QueuePort {
  submit(
    principal: string,
    requests: TaskRequest[],
  ): Promise<({ task_id: string; state: TaskState; deduplicated: boolean } | { error: ErrorFacts })[]>
  get(taskId: string): Promise<Task>
  result(taskId: string, options: { wait_ms?: number; signal?: AbortSignal }): Promise<Task>
  list(request: {
    state?: TaskState[]
    tool?: string
    principal?: string
    cursor?: string
    limit?: number
    order?: 'newest' | 'oldest'
  }): Promise<{ tasks: TaskHead[]; next_cursor?: string }>
  cancel(taskId: string, reason: string): Promise<Task>
  status(): Promise<{
    counts: Record<TaskState, number>
    ready: number
    waiting_for: { tool: string; tasks: number; missing: string }[]
    workers: { peer_id: string; running: number; credits: number; succeeded: number; failed: number }[]
  }>
  progressOf(taskId: string): Progress | undefined
  onChange(listener: (event: TaskEvent) => void): () => void
}
