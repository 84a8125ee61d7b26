import { z } from 'zod'
import type { StandingPause } from '../../queue/pause-book.ts'
import { iso, isoTime } from '../iso-time.ts'

/** One pause as the tools answer it. */
export const pauseSchema = z.object({
  tool: z.string().exactOptional().describe('Tasks of this tool.'),
  category: z
    .string()
    .exactOptional()
    .describe('Tasks of the tools of this category; with neither, all tasks.'),
  since: isoTime,
})

/** The filter that made it, as `resume` takes it back, and since when. */
export function pauseView(pause: StandingPause): z.infer<typeof pauseSchema> {
  const since = iso(pause.since)
  if (pause.scope === 'queue') return { since }
  return pause.scope === 'tool' ? { tool: pause.name, since } : { category: pause.name, since }
}
