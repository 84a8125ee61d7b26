import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { TASK_STATES } from '../../queue/task.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { givenTime } from '../iso-time.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { seesAll } from './task-access.ts'
import { labels } from './task-options.ts'
import { taskState, taskSummarySchema } from './task-schemas.ts'
import { taskSummary } from './task-view.ts'

/** Entries of a page unless it asks for another number: what fits a screen. */
const DEFAULT_PAGE = 50
const MAX_PAGE = 200

export function listTasksTool(queue: Pick<QueuePort, 'list' | 'progressOf'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_list_tasks',
    category: 'p2p_taskqueue',
    title: 'List tasks',
    description:
      'Tasks without their parameters and results, newest first, in pages; all filters must match. The dead letters are {"state": "failed", "sort": "ended"}: p2p_taskqueue_resubmit puts them back. A caller that may only submit sees its own.',
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      state: z
        .union([taskState, z.array(taskState).min(1).max(TASK_STATES.length)])
        .exactOptional()
        .describe('Only tasks in this state, or these.'),
      tool: z.string().min(1).max(128).exactOptional().describe('Only tasks of this tool.'),
      labels: labels.describe('Only tasks with all of these labels.'),
      created_from: givenTime.exactOptional().describe('ISO 8601: only tasks submitted then or later.'),
      created_until: givenTime.exactOptional().describe('ISO 8601: only tasks submitted before.'),
      sort: z
        .enum(['created', 'ended'])
        .default('created')
        .describe('By when they were submitted, or when they ended; `ended` lists only tasks that have.'),
      order: z.enum(['newest', 'oldest']).default('newest').describe('Which come first.'),
      cursor: z
        .string()
        .max(1024)
        .exactOptional()
        .describe('`next_cursor` of the page before; all else as for that.'),
      limit: z.int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE).describe('Most tasks on a page.'),
    }),
    output: z.object({
      tasks: z.array(taskSummarySchema),
      next_cursor: z
        .string()
        .exactOptional()
        .describe(
          'There may be more: ask again with this `cursor`, also after a page with fewer than `limit`.',
        ),
    }),
    async run({ state, created_from, created_until, ...request }, { principal }) {
      const from = created_from === undefined ? undefined : Date.parse(created_from)
      const until = created_until === undefined ? undefined : Date.parse(created_until)
      if (from !== undefined && until !== undefined && from >= until)
        throw new InvalidInputError('/created_until', created_until, 'a time after `created_from`')
      const { tasks, next_cursor } = await queue.list({
        ...request,
        ...(state === undefined ? {} : { state: typeof state === 'string' ? [state] : state }),
        ...(from === undefined ? {} : { created_from: from }),
        ...(until === undefined ? {} : { created_until: until }),
        ...(seesAll(principal) ? {} : { principal: principal.id }),
      })
      return {
        tasks: tasks.map(task => taskSummary(task, queue.progressOf(task.task_id))),
        ...(next_cursor === undefined ? {} : { next_cursor }),
      }
    },
  })
}
