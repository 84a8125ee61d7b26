/** What a queue costs with so many tasks waiting, as its process prints it. */
import { z } from 'zod'

/** Milliseconds; of many samples the middle and the slow end. */
const samples = z.object({ median: z.number(), p99: z.number() })

export const costSchema = z.object({
  /** From the open of the file until the queue takes work. */
  start_ms: z.number(),
  /** A batch claimed and completed. */
  claim: samples,
  /** As many submitted, in place of those that ended. */
  submit: samples,
  /** The newest page, the oldest page of what waits, and a page of one submitter's. */
  list: samples,
  status: samples,
  /** Resident memory before the first task ran, and after all of the above. */
  rss_start_mib: z.number(),
  rss_mib: z.number(),
})
export type Cost = z.infer<typeof costSchema>
