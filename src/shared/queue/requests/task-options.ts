import { z } from 'zod'
import { InvalidInputError } from '../../errors.ts'
import { allowedByZod } from '../../tools/allowed-by-zod.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { utf8Length } from '../dispatch/reported-outcome.ts'
import { MAX_ATTEMPTS } from '../limits.ts'
import type { JsonText } from '../states/commands.ts'

export const DAY_MS = 24 * 60 * 60 * 1000

/** Longest delay, queue time or deadline ahead: half of what a platform's date arithmetic is certain of. */
export const MAX_DURATION_MS = 3_650 * DAY_MS
/** Bytes of metadata as JSON: it is for identifying, not for carrying data. */
const METADATA_BYTES = 16 * 1024
const MAX_LABELS = 32
/** Largest `limit` of a concurrency or rate key: what a gate counts or remembers for one key. */
const MAX_KEY_LIMIT = 10_000
/** Beginnings of the keys that only schedules and workflows give. */
const RESERVED_KEYS = ['schedule:', 'workflow:']

/** Levels of nesting in metadata and params: JSON can be read far deeper than it can be written again. */
const MAX_DEPTH = 256

/** Half a surrogate pair has no UTF-8: two texts that differ in it alone would be one in the store. */
export const wellFormed = z
  .string()
  .refine(text => text.isWellFormed(), { error: 'text that is valid Unicode' })

const name = wellFormed.min(1).max(128)
const time = z.iso.datetime({ offset: true })
const duration = z.int().min(1).max(MAX_DURATION_MS)
const limit = z.int().min(1).max(MAX_KEY_LIMIT)

/** What a request and a later change may both hold. */
const lasting = {
  priority: z.int().min(1).max(10).exactOptional(),
  labels: z
    .record(name, wellFormed.max(256))
    .refine(labels => Object.keys(labels).length <= MAX_LABELS, { error: `at most ${MAX_LABELS} labels` })
    .exactOptional(),
  metadata: z.custom<JsonObject>(isObject, { error: 'an object' }).exactOptional(),
  delay_ms: z.int().min(0).max(MAX_DURATION_MS).exactOptional(),
  start_at: time.exactOptional(),
  attempt_timeout_ms: z.int().min(1).max(DAY_MS).exactOptional(),
  retry: z
    .strictObject({
      max_attempts: z.int().min(1).max(MAX_ATTEMPTS).exactOptional(),
      base_delay_ms: z.int().min(0).max(DAY_MS).exactOptional(),
      max_delay_ms: z.int().min(0).max(DAY_MS).exactOptional(),
      always: z.boolean().exactOptional(),
    })
    .exactOptional(),
}

/** What a request may hold beside `tool` and `params`; each bound keeps the task's hot row small. */
export const taskOptions = {
  ...lasting,
  requires: z.array(name).max(MAX_LABELS).exactOptional(),
  target: name.exactOptional(),
  any_build: z.boolean().exactOptional(),
  idempotency_key: wellFormed
    .min(1)
    .max(256)
    .refine(key => !RESERVED_KEYS.some(each => key.startsWith(each)), {
      error: `a key that does not begin with ${RESERVED_KEYS.join(' or ')}`,
    })
    .exactOptional(),
  queue_timeout_ms: duration.exactOptional(),
  deadline: time.exactOptional(),
  concurrency: z.strictObject({ key: name, limit }).exactOptional(),
  rate: z.strictObject({ key: name, limit, per_ms: z.int().min(100).max(DAY_MS) }).exactOptional(),
}

/** What a change of a task that has not started may hold; `null` takes a limit away. */
export const updateOptions = {
  ...lasting,
  queue_timeout_ms: duration.nullable().exactOptional(),
  deadline: time.nullable().exactOptional(),
}

/** What arrives is JSON: how deep it goes is looked at by `shallowJson`, as no schema may go down without end. */
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Throws `invalid_input` that names the field (a JSON Pointer), the value and what is allowed. */
export function parseOptions<T extends { metadata?: JsonObject }>(schema: z.ZodType<T>, given: unknown): T {
  const labels: unknown = Object(given) === given ? Reflect.get(Object(given), 'labels') : undefined
  // A schema would leave it out without a word.
  if (Object(labels) === labels && Object.hasOwn(Object(labels), '__proto__'))
    throw new InvalidInputError('/labels', '__proto__', 'labels of other names')
  const parsed = schema.safeParse(given, { error: allowedByZod })
  if (parsed.success) {
    const { metadata = {} } = parsed.data
    const bytes = utf8Length(shallowJson('/metadata', metadata))
    if (bytes <= METADATA_BYTES) return parsed.data
    throw new InvalidInputError(
      '/metadata',
      `${bytes} bytes of JSON`,
      `at most ${METADATA_BYTES} bytes of JSON`,
    )
  }
  const issue = parsed.error.issues[0]
  const path =
    issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : (issue?.path ?? [])
  const value = path.reduce<unknown>(
    (at, key) => (Object(at) === at ? Reflect.get(Object(at), key) : undefined),
    given,
  )
  throw new InvalidInputError(
    path.map(key => `/${String(key)}`).join(''),
    value,
    issue?.message ?? 'a task request',
  )
}

/** A value as JSON. Throws `invalid_input` where it is nested too deeply to be passed on safely. */
export function shallowJson(field: string, value: unknown): JsonText {
  let text: JsonText
  try {
    text = JSON.stringify(value)
  } catch {
    throw tooDeep(field)
  }
  // A short text cannot go deep, and none is looked at for nothing.
  if (text?.length > 2 * MAX_DEPTH && isDeeperThan(MAX_DEPTH, value)) throw tooDeep(field)
  return text
}

function tooDeep(field: string): InvalidInputError {
  return new InvalidInputError(field, 'a value nested too deeply', `at most ${MAX_DEPTH} levels of nesting`)
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  const members = Array.isArray(value) ? value : Object.values(value)
  return members.some(member => isDeeperThan(levels - 1, member))
}

/** Epoch milliseconds at which a task may start, `at` or later; undefined when nothing is said of it. */
export function startOf(
  { delay_ms, start_at }: { delay_ms?: number; start_at?: string },
  at: number,
): number | undefined {
  if (start_at === undefined) return delay_ms === undefined ? undefined : at + delay_ms
  if (delay_ms !== undefined)
    throw new InvalidInputError('/start_at', start_at, 'start_at or delay_ms, not both')
  const start = Date.parse(start_at)
  if (start - at > MAX_DURATION_MS)
    throw new InvalidInputError('/start_at', start_at, 'a time within ten years')
  return Math.max(start, at)
}

/** Epoch milliseconds of a deadline that lies ahead of `at`. */
export function deadlineOf(text: string, at: number): number {
  const deadline = Date.parse(text)
  if (deadline > at && deadline - at <= MAX_DURATION_MS) return deadline
  throw new InvalidInputError('/deadline', text, 'a time ahead, within ten years')
}
