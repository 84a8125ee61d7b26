import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { visibleTask } from './task-access.ts'
import { taskId, taskStatusSchema } from './task-schemas.ts'
import { taskStatus } from './task-view.ts'

export function taskStatusTool(
  queue: Pick<QueuePort, 'withLogs' | 'progressOf' | 'logsOf' | 'missingFor'>,
): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_task_status',
    category: 'p2p_taskqueue',
    title: 'Status of a task',
    description:
      'One task with its limits, its progress and all its attempts: on which peer, from when to when, how each ended, and its last log lines. For a queued task that no peer can take now, `waiting_for` says what is missing. Its result: p2p_taskqueue_get_result.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({ task_id: taskId }),
    output: taskStatusSchema,
    async run({ task_id }, { principal }) {
      return taskStatus(await visibleTask(queue.withLogs(task_id), principal), queue)
    },
  })
}
