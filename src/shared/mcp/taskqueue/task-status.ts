import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { visibleTask } from './task-access.ts'
import { taskId, taskStatusSchema } from './task-schemas.ts'
import { taskStatus } from './task-view.ts'

export function taskStatusTool(queue: QueuePort): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_task_status',
    category: 'p2p_taskqueue',
    title: 'Status of a task',
    description:
      'One task with its progress and all its attempts: on which peer, from when to when, and how each ended.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({ task_id: taskId }),
    output: taskStatusSchema,
    async run({ task_id }, { principal }) {
      return taskStatus(await visibleTask(queue, task_id, principal), queue.progressOf(task_id))
    },
  })
}
