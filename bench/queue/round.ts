/** What one contender's process measured in one round, as it prints it. */
import { z } from 'zod'

export const CONCURRENCIES = [1, 8, 64, 256] as const
export type Concurrency = (typeof CONCURRENCIES)[number]

/**
 * What a round consists of, in order: one step of a contender is measured after the same step of the one before it, so
 * that a disk or a machine that others use too is slow for all alike.
 */
export const STEPS = [
  'warm_up',
  'submit_one',
  'at_1',
  'at_8',
  'at_64',
  'at_256',
  'idle',
  'half_load',
] as const
export type Step = (typeof STEPS)[number]

/** Milliseconds. */
const latency = z.object({ p50: z.number(), p99: z.number() })
export type Latency = z.infer<typeof latency>

const atEachConcurrency = z.record(z.string(), z.number())

/** Throughputs are tasks a second. */
export const roundSchema = z.object({
  submit_one: z.number(),
  submit_batch: z.number(),
  process: atEachConcurrency,
  end_to_end: atEachConcurrency,
  /** Of the end-to-end measurement at 64, server included. */
  cpu_s_per_100k: z.number(),
  idle: latency,
  half_load: latency,
  half_load_per_second: z.number(),
})
export type Round = z.infer<typeof roundSchema>
