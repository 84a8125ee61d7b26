import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { ownTask } from './task-access.ts'
import { taskId, taskState } from './task-schemas.ts'

export function cancelTool(queue: QueuePort): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_cancel',
    category: 'p2p_taskqueue',
    title: 'Cancel a task',
    description: 'Cancels a task that has not ended; a running attempt is told at once.',
    annotations: { readOnlyHint: false, destructiveHint: true },
    input: z.strictObject({
      task_id: taskId,
      reason: z.string().max(1000).default('cancelled by its submitter').describe('Kept with the task.'),
    }),
    output: z.object({ task_id: z.string(), state: taskState }),
    async run({ task_id, reason }, { principal }) {
      await ownTask(queue, task_id, principal)
      const { state } = await queue.cancel(task_id, reason)
      return { task_id, state }
    },
  })
}
