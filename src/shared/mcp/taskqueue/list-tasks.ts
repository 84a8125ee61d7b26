import { z } from 'zod'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { seesAll } from './task-access.ts'
import { taskState, taskSummarySchema } from './task-schemas.ts'
import { taskSummary } from './task-view.ts'

/** Entries of a page unless it asks for another number: what fits a screen. */
const DEFAULT_PAGE = 50
const MAX_PAGE = 200

export function listTasksTool(queue: QueuePort): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_list_tasks',
    category: 'p2p_taskqueue',
    title: 'List tasks',
    description:
      'Tasks without their parameters and results, newest first, in pages. A caller that may only submit sees its own.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      state: z
        .union([taskState, z.array(taskState)])
        .exactOptional()
        .describe('Only tasks in this state, or these.'),
      tool: z.string().exactOptional().describe('Only tasks of this tool.'),
      cursor: z.string().exactOptional().describe('`next_cursor` of the page before.'),
      limit: z.int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).describe('Most tasks on a page.'),
      order: z.enum(['newest', 'oldest']).default('newest'),
    }),
    output: z.object({
      tasks: z.array(taskSummarySchema),
      next_cursor: z.string().exactOptional().describe('There are more: ask again with this `cursor`.'),
    }),
    async run({ state, ...request }, { principal }) {
      const { tasks, next_cursor } = await queue.list({
        ...request,
        ...(state === undefined ? {} : { state: typeof state === 'string' ? [state] : state }),
        ...(seesAll(principal) ? {} : { principal: principal.id }),
      })
      return {
        tasks: tasks.map(task => taskSummary(task, queue.progressOf(task.task_id))),
        ...(next_cursor === undefined ? {} : { next_cursor }),
      }
    },
  })
}
