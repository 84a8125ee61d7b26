import { z } from 'zod'
import { ERROR_TABLE, type ErrorCode } from '../../../shared/errors.ts'
import { StoreUnavailableError } from '../../../shared/queue/errors.ts'
import {
  type Attempt,
  type RetryPolicy,
  TASK_STATES,
  type TaskHead,
  type TaskState,
} from '../../../shared/queue/task.ts'
import { TwoGenerations } from './two-generations.ts'

/** Columns of a task's hot row with its `spec`, as the driver reads them. */
export const TASK_COLUMNS =
  't.n, t.task_id, t.seq, t.state, t.fence, t.tool, t.principal, t.idempotency_key, t.created_at, ' +
  't.run_at, t.queued_at, t.ended_at, t.attempts, t.error, r.spec'

/** As it stands in the column `state`. */
export const STATE_CODES: Record<TaskState, number> = {
  scheduled: 0,
  queued: 1,
  running: 2,
  succeeded: 3,
  failed: 4,
  cancelled: 5,
  expired: 6,
}

/** Specs kept parsed, and characters of the longest: together 2 MB at most. */
const SPECS = 1_024
const SPEC_CHARS = 1_024

const Facts = z.object({
  code: z.custom<ErrorCode>(value => typeof value === 'string' && value in ERROR_TABLE),
  message: z.string(),
  retryable: z.boolean(),
  field: z.string().exactOptional(),
  value: z.unknown().optional(),
  allowed: z.string().exactOptional(),
  retry_after_ms: z.number().exactOptional(),
})

const AttemptStates = z.enum(['running', 'succeeded', 'failed', 'lost', 'released', 'cancelled', 'timed_out'])

/** An attempt as schemas 1 and 2 wrote it. */
const AttemptObject = z.object({
  number: z.int(),
  fence: z.int(),
  peer_id: z.string(),
  instance_id: z.string(),
  state: AttemptStates,
  started_at: z.number(),
  ended_at: z.number().exactOptional(),
  error: Facts.exactOptional(),
  outcome_mark: z.string().exactOptional(),
})

/** An attempt: what its names would say again in every row is left out, and what comes last where it is not there. */
const AttemptTuple = z
  .tuple([
    z.int(),
    z.int(),
    z.string(),
    z.string(),
    AttemptStates,
    z.number(),
    z.number().nullable().optional(),
    z.string().nullable().optional(),
    Facts.optional(),
  ])
  .transform(([number, fence, peer_id, instance_id, state, started_at, endedAt, mark, error]): Attempt => {
    const attempt: Attempt = { number, fence, peer_id, instance_id, state, started_at }
    if (typeof endedAt === 'number') attempt.ended_at = endedAt
    if (typeof mark === 'string') attempt.outcome_mark = mark
    if (error !== undefined) attempt.error = error
    return attempt
  })

const Attempts = z.array(z.union([AttemptTuple, AttemptObject]))

/** What a spec does not say is so. A part of the format, whatever the queue's own defaults are. */
const UNSAID = {
  priority: 5,
  any_build: false,
  attempt_timeout_ms: 600_000,
  retry: { max_attempts: 5, base_delay_ms: 500, max_delay_ms: 60_000, always: false },
}

/** What of a task seldom changes, kept as one JSON text. */
const Spec = z.object({
  code_cid: z.string(),
  repeat: z.enum(['pure', 'idempotent', 'once']),
  priority: z.int().default(UNSAID.priority),
  requires: z.array(z.string()).default([]),
  target: z.string().exactOptional(),
  any_build: z.boolean().default(UNSAID.any_build),
  request_cid: z.string().exactOptional(),
  queue_timeout_ms: z.number().exactOptional(),
  attempt_timeout_ms: z.number().default(UNSAID.attempt_timeout_ms),
  deadline: z.number().exactOptional(),
  retry: z
    .object({
      max_attempts: z.int(),
      base_delay_ms: z.number(),
      max_delay_ms: z.number(),
      always: z.boolean(),
    })
    .default(UNSAID.retry),
  labels: z.record(z.string(), z.string()).default({}),
  // As it was written: a copy by a schema leaves out what is named __proto__.
  metadata: z.custom<TaskHead['metadata']>(value => typeof value === 'object' && value !== null).default({}),
  concurrency: z.object({ key: z.string(), limit: z.int() }).exactOptional(),
  rate: z.object({ key: z.string(), limit: z.int(), per_ms: z.int() }).exactOptional(),
  resubmitted_from: z.string().exactOptional(),
})

const Row = z.object({
  n: z.int(),
  task_id: z.string(),
  seq: z.int(),
  state: z.int().min(0).max(6),
  fence: z.int(),
  tool: z.string(),
  principal: z.string(),
  idempotency_key: z.string().nullable(),
  created_at: z.number(),
  run_at: z.number().nullable(),
  queued_at: z.number().nullable(),
  ended_at: z.number().nullable(),
  attempts: z.string(),
  error: z.string().nullable(),
  spec: z.string(),
})

/** A task and its number. */
export interface NumberedTask {
  n: number
  head: TaskHead
}

/** Parsed specs by their text: most tasks of a tool have the same one. They are never changed. */
const specs = new TwoGenerations<z.infer<typeof Spec>>(SPECS)

/** A task from its row; throws `unavailable` for a row that no toolmesh wrote. */
export function taskFromRow(row: unknown): NumberedTask {
  try {
    return parseRow(row)
  } catch (error) {
    throw new StoreUnavailableError('a task in it is damaged and cannot be read', error)
  }
}

function parseSpec(text: string): z.infer<typeof Spec> {
  const known = specs.get(text)
  if (known !== undefined) return known
  const spec = Spec.parse(JSON.parse(text))
  if (text.length <= SPEC_CHARS) specs.set(text, spec)
  return spec
}

function parseRow(row: unknown): NumberedTask {
  const { n, state, spec, attempts, error, idempotency_key, run_at, queued_at, ended_at, ...rest } =
    Row.parse(row)
  const head: TaskHead = {
    ...rest,
    state: TASK_STATES[state] ?? 'queued',
    ...parseSpec(spec),
    attempts: attempts === '[]' ? [] : Attempts.parse(JSON.parse(attempts)),
  }
  if (idempotency_key !== null) head.idempotency_key = idempotency_key
  if (run_at !== null) head.run_at = run_at
  if (queued_at !== null) head.queued_at = queued_at
  if (ended_at !== null) head.ended_at = ended_at
  if (error !== null) head.error = Facts.parse(JSON.parse(error))
  return { n, head }
}

/** The JSON text of what seldom changes in a task. */
export function specOf(task: TaskHead): string {
  const { code_cid, repeat, priority, requires, target, any_build, request_cid } = task
  const { queue_timeout_ms, attempt_timeout_ms, deadline, retry, labels, metadata } = task
  const { concurrency, rate, resubmitted_from } = task
  return JSON.stringify({
    code_cid,
    repeat,
    priority: priority === UNSAID.priority ? undefined : priority,
    requires: requires.length === 0 ? undefined : requires,
    target,
    any_build: any_build === UNSAID.any_build ? undefined : any_build,
    request_cid,
    queue_timeout_ms,
    attempt_timeout_ms: attempt_timeout_ms === UNSAID.attempt_timeout_ms ? undefined : attempt_timeout_ms,
    deadline,
    retry: isUnsaid(retry) ? undefined : retry,
    labels: isEmpty(labels) ? undefined : labels,
    metadata: isEmpty(metadata) ? undefined : metadata,
    concurrency,
    rate,
    resubmitted_from,
  })
}

/** The JSON text of a task's attempts. */
export function attemptsToText(attempts: readonly Attempt[]): string {
  if (attempts.length === 0) return '[]'
  return JSON.stringify(attempts.map(tupleOf))
}

function tupleOf(attempt: Attempt): unknown[] {
  const { number, fence, peer_id, instance_id, state, started_at, ended_at, outcome_mark, error } = attempt
  const tuple: unknown[] = [number, fence, peer_id, instance_id, state, started_at]
  if (ended_at !== undefined || error !== undefined) tuple.push(ended_at ?? null, outcome_mark ?? null)
  if (error !== undefined) tuple.push(error)
  return tuple
}

function isUnsaid({ max_attempts, base_delay_ms, max_delay_ms, always }: RetryPolicy): boolean {
  const usual = UNSAID.retry
  return (
    max_attempts === usual.max_attempts &&
    base_delay_ms === usual.base_delay_ms &&
    max_delay_ms === usual.max_delay_ms &&
    always === usual.always
  )
}

function isEmpty(fields: object): boolean {
  for (const _ in fields) return false
  return true
}
