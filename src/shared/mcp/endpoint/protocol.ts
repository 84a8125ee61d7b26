/** What travels between peers beside MCP's own methods (docs/PROTOCOL.md "Work between peers"). */
import { z } from 'zod'
import { LOG_LINES_KEPT } from '../../queue/log-tail.ts'
import type { OutcomeVerdict } from '../../queue/work.ts'
import { errorFacts } from '../error-facts.ts'
import { jsonObject, jsonValue } from '../json-object.ts'

/** `_meta` of a `tools/call` that runs one attempt of a task. */
export const LEASE_META = 'toolmesh/lease'

/** Tools in one announcement; far more than a catalogue holds. */
const MAX_TOOLS = 10_000
const MAX_LABELS = 64
/** Assignments in one `run`, outcomes in one `complete`, leases in one `claim` or `cancel`. */
export const MAX_BATCH = 256
/** Attempts that one worker may allow. */
const MAX_CREDITS = 1024

/** Characters of an id or of a name. */
export const NAME_CHARS = 128

const name = z.string().min(1).max(NAME_CHARS)
const fence = z.int().min(0)
const milliseconds = z.number().min(0)

export const lease = z.object({
  task_id: name,
  attempt: z.int().min(1),
  fence,
  lease_ms: milliseconds,
  deadline_ms: milliseconds,
})

export const redeemParams = z.object({ secret: z.string().min(1).max(128) })
export const redeemResult = z.object({ roles: z.array(z.string()), expires_at: z.string() })

const announcedTool = z.object({ tool: name, interface_cid: name, code_cid: name })

/** The first announcement of a session says all; a later one only what changed. */
export const announceParams = z.object({
  instance_id: name,
  tools: z.array(announcedTool).max(MAX_TOOLS).exactOptional(),
  labels: z.array(name).max(MAX_LABELS).exactOptional(),
  credits: z.int().min(0).max(MAX_CREDITS).exactOptional(),
  /** The worker takes `toolmesh/run`; without it each attempt is a `tools/call`. */
  batch: z.boolean().exactOptional(),
})
export const announceResult = z.object({ accepted: z.int(), lease_ms: milliseconds })

/** Leases that one worker may run for one owner, claimed ones included. */
const MAX_LIVE = 2 * MAX_CREDITS
/** Characters of a progress message that are kept while its attempt runs. */
export const PROGRESS_CHARS = 1_000

const progress = z.object({
  done: z.number(),
  total: z.number().exactOptional(),
  message: z
    .string()
    .overwrite(message => message.slice(0, PROGRESS_CHARS))
    .exactOptional(),
})

export const renewResult = z.object({
  live: z.array(z.object({ task_id: name, fence, progress: progress.exactOptional() })).max(MAX_LIVE),
})

const leaseId = z.object({ task_id: name, fence })

export const settledParams = z.object({ leases: z.array(leaseId).max(MAX_CREDITS) })
export const settledResult = z.object({})

const assignment = { lease, tool: name, input: jsonValue }

export const runParams = z.object({
  assignments: z
    .array(
      z.object({
        ...assignment,
        /** The owner wants the attempt's log lines while it runs. */
        logs: z.boolean().exactOptional(),
      }),
    )
    .max(MAX_BATCH),
})
export const runResult = z.object({})

export const cancelParams = z.object({ leases: z.array(leaseId).max(MAX_BATCH) })
/** Those that do not run there; of the others an outcome comes. */
export const cancelResult = z.object({ unknown: z.array(leaseId).max(MAX_BATCH) })

export const claimParams = z.object({ max: z.int().min(1).max(MAX_BATCH) })
export const claimResult = z.object({ leases: z.array(z.object(assignment)).max(MAX_BATCH) })

export const heartbeatParams = z.object({ leases: z.array(leaseId).max(MAX_LIVE) })
/** Those that are still the worker's. */
export const heartbeatResult = z.object({ leases: z.array(leaseId).max(MAX_LIVE) })

/** There is work again for a worker that pulls; owner to worker. */
export const WORK_METHOD = 'notifications/toolmesh/work'
/** What attempts have reported while they run; worker to owner. */
export const PROGRESS_METHOD = 'notifications/toolmesh/progress'

/** The sender is ending: no new work for it, and none is to be had from it. */
export const DRAINING_METHOD = 'notifications/toolmesh/draining'

const level = z.enum(['debug', 'info', 'warning', 'error'])
const logLine = z.object({ level, message: z.string(), data: jsonValue.exactOptional() })

export const progressParams = z.object({
  attempts: z
    .array(
      z.object({
        task_id: name,
        fence,
        progress: progress.exactOptional(),
        logs: z.array(logLine).max(LOG_LINES_KEPT).exactOptional(),
      }),
    )
    .max(MAX_BATCH),
})

const reported = {
  task_id: name,
  fence,
  instance_id: name,
  logs: z
    .array(logLine.extend({ at: z.number() }))
    .max(LOG_LINES_KEPT)
    .exactOptional(),
}

export const completeParams = z.object({
  outcomes: z
    .array(
      z.discriminatedUnion('state', [
        z.object({ ...reported, state: z.literal('succeeded'), result: jsonValue }),
        z.object({ ...reported, state: z.enum(['failed', 'cancelled']), error: errorFacts }),
      ]),
    )
    .max(MAX_BATCH),
})
const VERDICTS: readonly unknown[] = ['committed', 'duplicate', 'stale_fence'] satisfies OutcomeVerdict[]

export const completeResult = z.object({
  verdicts: z.custom<OutcomeVerdict[]>(
    value => Array.isArray(value) && value.every(verdict => VERDICTS.includes(verdict)),
    'verdicts',
  ),
})

/** A `tools/call` result, as far as peers read it: they send no text. */
export const callResult = z.object({
  structuredContent: jsonObject.exactOptional(),
  isError: z.boolean().exactOptional(),
})

export const logParams = z.object({
  level: z.string(),
  data: jsonValue,
  _meta: z.looseObject({ 'toolmesh/log': z.string() }),
})
