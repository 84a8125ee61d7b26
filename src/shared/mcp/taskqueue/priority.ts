import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { ownTask } from './task-access.ts'
import { priority } from './task-options.ts'
import { taskId, taskState } from './task-schemas.ts'

export function priorityTool(queue: Pick<QueuePort, 'head' | 'update'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_priority',
    category: 'p2p_taskqueue',
    title: 'Change the priority of a task',
    description:
      'Moves a task that waits (`scheduled`, or `queued`, between attempts too) before or behind others. `conflict` for one that runs or has ended.',
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    input: z.strictObject({ task_id: taskId, priority: priority.unwrap().describe('1 to 10, 10 first.') }),
    output: z.object({ task_id: z.string(), state: taskState, priority: z.int() }),
    async run({ task_id, priority }, { principal }) {
      await ownTask(queue.head(task_id), principal)
      const task = await queue.update(task_id, { priority })
      return { task_id, state: task.state, priority: task.priority }
    },
  })
}
