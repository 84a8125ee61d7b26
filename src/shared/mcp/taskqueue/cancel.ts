import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { errorFacts } from '../error-facts.ts'
import type { SurfaceTool } from '../surface.ts'
import { chosenTasks, eitherFieldsOrTasks, forEachTask, oneOrMany } from './many-tasks.ts'
import type { QueuePort } from './queue-port.ts'
import { ownTask } from './task-access.ts'
import { taskState } from './task-schemas.ts'

export function cancelTool(queue: Pick<QueuePort, 'head' | 'cancel'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_cancel',
    category: 'p2p_taskqueue',
    title: 'Cancel tasks',
    description:
      'Cancels a task ({task_id}) or many ({task_ids}) that have not ended: one that waits never runs, the tool of one that runs is told at once. An ended task stays as it is (`conflict`).',
    annotations: { readOnlyHint: false, destructiveHint: true },
    input: z.strictObject({
      ...oneOrMany,
      reason: z.string().max(1000).default('cancelled by its submitter').describe('Kept with the task.'),
    }),
    output: z
      .object({
        task_id: z.string().exactOptional().describe('In answer to `task_id`.'),
        state: taskState.exactOptional(),
        tasks: z
          .array(
            z.object({
              task_id: z.string(),
              state: taskState.exactOptional(),
              error: errorFacts.exactOptional().describe('Why this one was not cancelled.'),
            }),
          )
          .exactOptional()
          .describe('In answer to `task_ids`, in their order.'),
      })
      .meta(eitherFieldsOrTasks('task_id', 'state')),
    async run({ reason, ...ids }, { principal, signal }) {
      async function cancel(task_id: string) {
        await ownTask(queue.head(task_id), principal)
        const { state } = await queue.cancel(task_id, reason)
        return { task_id, state }
      }
      const chosen = chosenTasks(ids)
      if ('one' in chosen) return cancel(chosen.one)
      const refused = (task_id: string, error: z.infer<typeof errorFacts>) => ({ task_id, error })
      return { tasks: await forEachTask(chosen.many, cancel, refused, signal) }
    },
  })
}
