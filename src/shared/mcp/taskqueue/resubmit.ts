import { z } from 'zod'
import { errorFromFacts } from '../../errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { errorFacts } from '../error-facts.ts'
import { jsonObject } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import { chosenTasks, eitherFieldsOrTasks, forEachTask, oneOrMany } from './many-tasks.ts'
import type { QueuePort } from './queue-port.ts'
import { ownTask } from './task-access.ts'
import { taskOptions } from './task-options.ts'
import { taskState } from './task-schemas.ts'

export function resubmitTool(queue: Pick<QueuePort, 'head' | 'resubmit'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_resubmit',
    category: 'p2p_taskqueue',
    title: 'Submit ended tasks again',
    description:
      'Makes a new task from an ended one ({task_id}) or from many ({task_ids}), as it was but for what is given here: how dead letters (state `failed`) are put back. The ended task stays as it is; the new one names it in `resubmitted_from`. A deadline, a start time and an idempotency key are not carried over.',
    annotations: { readOnlyHint: false, destructiveHint: false },
    input: z.strictObject({
      ...oneOrMany,
      params: jsonObject
        .exactOptional()
        .describe('Other parameters for the tool, in place of all of the old ones.'),
      ...taskOptions,
    }),
    output: z
      .object({
        task_id: z.string().exactOptional().describe('The new task, in answer to `task_id`.'),
        state: taskState.exactOptional(),
        deduplicated: z.boolean().exactOptional().describe('An earlier task has this idempotency key.'),
        resubmitted_from: z.string().exactOptional(),
        tasks: z
          .array(
            z.object({
              resubmitted_from: z.string(),
              task_id: z.string().exactOptional().describe('The new task.'),
              state: taskState.exactOptional(),
              deduplicated: z.boolean().exactOptional(),
              error: errorFacts.exactOptional().describe('Why there is no new task.'),
            }),
          )
          .exactOptional()
          .describe('In answer to `task_ids`, in their order.'),
      })
      .meta(eitherFieldsOrTasks('task_id', 'state', 'resubmitted_from')),
    async run({ task_id, task_ids, ...changes }, { principal, signal }) {
      async function resubmit(resubmitted_from: string) {
        await ownTask(queue.head(resubmitted_from), principal)
        const receipt = await queue.resubmit(principal.id, resubmitted_from, changes)
        if ('error' in receipt) throw errorFromFacts(receipt.error)
        return { ...receipt, resubmitted_from }
      }
      const chosen = chosenTasks({
        ...(task_id === undefined ? {} : { task_id }),
        ...(task_ids === undefined ? {} : { task_ids }),
      })
      if ('one' in chosen) return resubmit(chosen.one)
      const refused = (resubmitted_from: string, error: z.infer<typeof errorFacts>) => ({
        resubmitted_from,
        error,
      })
      return { tasks: await forEachTask(chosen.many, resubmit, refused, signal) }
    },
  })
}
