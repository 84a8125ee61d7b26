/** What two workers over sessions are measured by. */
import { z } from 'zod'

export const WORKERS = 2
/** Attempts that each worker may have running. */
export const CREDITS = 256
/** Before the measured ones, as V8 takes about so many to compile what all of them run through. */
export const WARM_UP_TASKS = 20_000
export const TASKS = 20_000

/** CPU in microseconds a task, of the owner with its store's thread and of all workers together. */
export const peersRoundSchema = z.object({
  per_second: z.number(),
  owner_us: z.number(),
  worker_us: z.number(),
})
export type PeersRound = z.infer<typeof peersRoundSchema>
