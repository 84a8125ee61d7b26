import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { ownTask } from './task-access.ts'
import { taskChanges } from './task-options.ts'
import { taskId, taskStatusSchema } from './task-schemas.ts'
import { taskStatus } from './task-view.ts'

export function updateTaskTool(
  queue: Pick<QueuePort, 'head' | 'update' | 'progressOf' | 'logsOf' | 'missingFor'>,
): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_update_task',
    category: 'p2p_taskqueue',
    title: 'Change a task',
    description:
      'Changes labels, metadata, priority, start or limits of a task that has not started (state `scheduled` or `queued`, no attempt yet); what is left out stays. Otherwise `conflict`. Tool and params cannot change: cancel the task and submit another.',
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    input: z.strictObject({ task_id: taskId, ...taskChanges }),
    output: taskStatusSchema,
    async run({ task_id, ...changes }, { principal }) {
      if (Object.keys(changes).length === 0)
        throw new InvalidInputError('', { task_id }, 'something to change beside `task_id`')
      await ownTask(queue.head(task_id), principal)
      return taskStatus(await queue.update(task_id, changes), queue)
    },
  })
}
