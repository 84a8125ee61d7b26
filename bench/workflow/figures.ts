/** What the programs of this folder print. Times in milliseconds unless they say otherwise. */
import { z } from 'zod'

const summary = z.object({ median: z.number(), p99: z.number(), samples: z.number() })

export const sequenceFigures = z.object({
  samples: z.number(),
  /** Submit to result of one task. */
  task: summary,
  /** Submit to result of a sequence, for each of its steps. */
  step: summary,
  /** Microseconds of CPU time of all threads. */
  task_cpu_us: z.number(),
  step_cpu_us: z.number(),
})
export type SequenceFigures = z.infer<typeof sequenceFigures>

export const throughputFigures = z.object({
  /** A second. */
  steps: z.number(),
  cpu_us_per_step: z.number(),
})
export type ThroughputFigures = z.infer<typeof throughputFigures>

export const largeFigures = z.object({
  submit_ms: z.number(),
  run_s: z.number(),
  /** Reading all of its events, steps or items, and outputs. */
  read_s: z.number(),
  events: z.number(),
  cpu_us_per_step: z.number(),
  /** Resident memory at its most, above what it was before the submit. */
  run_mib: z.number(),
  /** The same with the reading. */
  read_mib: z.number(),
})
export type LargeFigures = z.infer<typeof largeFigures>
