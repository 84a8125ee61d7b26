import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import type { PauseFilter } from '../../queue/pause-book.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { pauseSchema, pauseView } from './pause-view.ts'
import type { QueuePort } from './queue-port.ts'

const input = z.strictObject({
  tool: z.string().min(1).max(128).exactOptional().describe('Only tasks of this tool.'),
  category: z.string().min(1).max(128).exactOptional().describe('Only tasks of the tools of this category.'),
})
const output = z.object({ pauses: z.array(pauseSchema).describe('All that are in force now.') })

export function pauseTool(queue: Pick<QueuePort, 'pause' | 'pauses'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_pause',
    category: 'p2p_taskqueue',
    title: 'Pause tasks',
    description:
      'Starts no more tasks of a tool ({tool}), of a category ({category}) or any at all ({}), over restarts too, until p2p_taskqueue_resume with the same. What runs goes on; tasks can still be submitted and wait.',
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    input,
    output,
    async run(filter) {
      await queue.pause(oneFilter(filter))
      return { pauses: queue.pauses().map(pauseView) }
    },
  })
}

export function resumeTool(queue: Pick<QueuePort, 'resume' | 'pauses'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_resume',
    category: 'p2p_taskqueue',
    title: 'Resume tasks',
    description:
      'Takes a pause back, named as it was made: {tool}, {category} or {}. Other pauses stay, so a task starts only when none of them holds it.',
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    input,
    output,
    async run(filter) {
      await queue.resume(oneFilter(filter))
      return { pauses: queue.pauses().map(pauseView) }
    },
  })
}

function oneFilter(filter: PauseFilter): PauseFilter {
  if (filter.tool !== undefined && filter.category !== undefined)
    throw new InvalidInputError('/category', filter.category, 'either `tool` or `category`')
  return filter
}
