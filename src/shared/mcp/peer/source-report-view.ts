import { z } from 'zod'
import type { SourceReport } from '../../mesh/discovery/discovery-source.ts'
import { isoTime, time } from '../iso-time.ts'

/** How one source of peers does. */
export const sourceReportSchema = z.object({
  name: z.string(),
  looks: z.int().describe('Since start, as the next two.'),
  found: z.int().describe('What these gave that was worth something.'),
  published: z.int().describe('Times that this node made itself known by it.'),
  last_success: isoTime.exactOptional(),
  last_failure: isoTime.exactOptional(),
  error: z.object({ code: z.string(), message: z.string() }).exactOptional().describe('Of the last failure.'),
})

export type SourceReportView = z.infer<typeof sourceReportSchema>

export function sourceReportView(report: SourceReport): SourceReportView {
  const { name, looks, found, published, last_success, last_failure, error } = report
  return {
    ...{ name, looks, found, published },
    ...time('last_success', last_success),
    ...time('last_failure', last_failure),
    ...(error === undefined ? {} : { error }),
  }
}
