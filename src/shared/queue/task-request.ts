import { z } from 'zod'
import { cidOf } from '../artifacts/cid.ts'
import { InvalidInputError } from '../errors.ts'
import type { Json, ToolDescriptor } from '../tools/tool.ts'
import { validateAgainst } from '../tools/validate.ts'
import type { JsonText } from './commands.ts'
import { MAX_ATTEMPTS, type QueueLimits } from './limits.ts'
import { utf8Length } from './reported-outcome.ts'
import type { RetryPolicy, TaskHead, TaskRequest } from './task.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Longest delay, queue time or deadline ahead: half of what a platform's date arithmetic is certain of. */
const MAX_DURATION_MS = 3_650 * DAY_MS
const DEFAULT_ATTEMPT_TIMEOUT_MS = 10 * 60 * 1000
const DEFAULT_PRIORITY = 5
const DEFAULT_RETRY: RetryPolicy = {
  max_attempts: 5,
  base_delay_ms: 500,
  max_delay_ms: 60_000,
  always: false,
}
/** Bytes of metadata as JSON: it is for identifying, not for carrying data. */
const METADATA_BYTES = 16 * 1024
const MAX_LABELS = 32

/** Largest `limit` of a concurrency or rate key: what a gate counts or remembers for one key. */
const MAX_KEY_LIMIT = 10_000

const name = z.string().min(1).max(128)
const duration = z.int().min(1).max(MAX_DURATION_MS)

/** What a request may hold beside `tool` and `params`; each bound keeps the task's hot row small. */
const RequestOptions = z.strictObject({
  priority: z.int().min(1).max(10).optional(),
  requires: z.array(name).max(MAX_LABELS).optional(),
  target: name.optional(),
  any_build: z.boolean().optional(),
  idempotency_key: z.string().min(1).max(256).optional(),
  delay_ms: z.int().min(0).max(MAX_DURATION_MS).optional(),
  start_at: z.iso.datetime({ offset: true }).optional(),
  concurrency: z.strictObject({ key: name, limit: z.int().min(1).max(MAX_KEY_LIMIT) }).optional(),
  rate: z
    .strictObject({
      key: name,
      limit: z.int().min(1).max(MAX_KEY_LIMIT),
      per_ms: z.int().min(100).max(DAY_MS),
    })
    .optional(),
  queue_timeout_ms: duration.optional(),
  attempt_timeout_ms: z.int().min(1).max(DAY_MS).optional(),
  deadline: z.iso.datetime({ offset: true }).optional(),
  retry: z
    .strictObject({
      max_attempts: z.int().min(1).max(MAX_ATTEMPTS).exactOptional(),
      base_delay_ms: z.int().min(0).max(DAY_MS).exactOptional(),
      max_delay_ms: z.int().min(0).max(DAY_MS).exactOptional(),
      always: z.boolean().exactOptional(),
    })
    .optional(),
  labels: z
    .record(name, z.string().max(256))
    .refine(labels => Object.keys(labels).length <= MAX_LABELS, { error: `at most ${MAX_LABELS} labels` })
    .optional(),
  metadata: z.record(z.string(), z.json()).optional(),
})

export interface TaskOrigin {
  task_id: string
  principal: string
  /** Epoch milliseconds. */
  at: number
  limits: Pick<QueueLimits, 'paramsBytes'>
  /** The ended task that this one repeats. */
  resubmitted_from?: string
}

/**
 * The new task that a request asks for. `params` are checked against the tool's schema.
 * Throws `invalid_input` that names the field (a JSON Pointer below the request), the value and what is allowed.
 */
export function taskFromRequest(
  request: TaskRequest,
  descriptor: ToolDescriptor,
  origin: TaskOrigin,
): { task: TaskHead; params: JsonText } {
  const { tool, params, ...rest } = request
  const options = parseOptions(rest)
  checkParams(params, descriptor)
  const text = JSON.stringify(params)
  checkBytes('/params', text, origin.limits.paramsBytes)
  const metadata = options.metadata ?? {}
  checkBytes('/metadata', JSON.stringify(metadata), METADATA_BYTES)

  const { task_id, principal, at, resubmitted_from } = origin
  const requires = [...new Set(options.requires)].sort()
  const task: TaskHead = {
    task_id,
    seq: 0,
    state: 'queued',
    principal,
    tool,
    code_cid: descriptor.code_cid,
    repeat: descriptor.effects.repeat,
    priority: options.priority ?? DEFAULT_PRIORITY,
    requires,
    any_build: options.any_build ?? false,
    attempt_timeout_ms: options.attempt_timeout_ms ?? DEFAULT_ATTEMPT_TIMEOUT_MS,
    retry: { ...DEFAULT_RETRY, ...options.retry },
    labels: options.labels ?? {},
    metadata,
    created_at: at,
    fence: 0,
    attempts: [],
  }
  if (options.target !== undefined) task.target = options.target
  if (options.idempotency_key !== undefined) {
    const identity: Json = { tool, params, requires, target: options.target ?? null }
    task.idempotency_key = options.idempotency_key
    task.request_cid = cidOf(identity)
  }
  const runAt = startOf(options, at)
  if (runAt !== undefined) task.run_at = runAt
  if (options.concurrency !== undefined) task.concurrency = options.concurrency
  if (options.rate !== undefined) task.rate = options.rate
  if (options.queue_timeout_ms !== undefined) task.queue_timeout_ms = options.queue_timeout_ms
  if (options.deadline !== undefined) task.deadline = deadlineOf(options.deadline, at)
  if (resubmitted_from !== undefined) task.resubmitted_from = resubmitted_from
  return { task, params: text }
}

function parseOptions(rest: Record<string, unknown>): z.output<typeof RequestOptions> {
  if (Object.keys(rest).length === 0) return {}
  const parsed = RequestOptions.safeParse(rest)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const path =
    issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : (issue?.path ?? [])
  const value = path.reduce<unknown>(
    (at, key) => (Object(at) === at ? Reflect.get(Object(at), key) : undefined),
    rest,
  )
  throw new InvalidInputError(
    path.map(key => `/${String(key)}`).join(''),
    value,
    issue?.message ?? 'a task request',
  )
}

function checkParams(params: unknown, descriptor: ToolDescriptor): void {
  try {
    validateAgainst(descriptor.input_schema, params, 'params')
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    const { field, value, allowed } = error.details
    const below = field?.startsWith('/') ? field : ''
    throw new InvalidInputError(`/params${below}`, value, allowed ?? `input of ${descriptor.name}`)
  }
}

function checkBytes(field: string, text: JsonText, most: number): void {
  const bytes = utf8Length(text)
  if (bytes > most)
    throw new InvalidInputError(field, `${bytes} bytes of JSON`, `at most ${most} bytes of JSON`)
}

/** Epoch milliseconds before which the task must not run; a time that has passed is now. */
function startOf(
  { delay_ms, start_at }: Pick<z.output<typeof RequestOptions>, 'delay_ms' | 'start_at'>,
  at: number,
): number | undefined {
  if (start_at === undefined) return delay_ms === undefined || delay_ms === 0 ? undefined : at + delay_ms
  if (delay_ms !== undefined)
    throw new InvalidInputError('/start_at', start_at, 'start_at or delay_ms, not both')
  const start = Date.parse(start_at)
  if (start - at > MAX_DURATION_MS)
    throw new InvalidInputError('/start_at', start_at, 'a time within ten years')
  return start > at ? start : undefined
}

function deadlineOf(text: string, at: number): number {
  const deadline = Date.parse(text)
  if (deadline > at && deadline - at <= MAX_DURATION_MS) return deadline
  throw new InvalidInputError('/deadline', text, 'a time ahead, within ten years')
}
