/** What travels when a workflow is handed over to another node (docs/PROTOCOL.md "Handing over"). */
import { z } from 'zod'
import { taskOptions, wellFormed } from '../../queue/requests/task-options.ts'
import type { TransferAnswer, TransferPage } from '../../workflow/ownership/handover/transfer.ts'
import { STEP_STATES, type StepState } from '../../workflow/workflow.ts'
import { errorFacts } from '../error-facts.ts'
import { jsonObject } from '../json-object.ts'

/** Records of one page: far above what pages of about 100 KiB hold. */
const MAX_RECORDS = 2_000
/** Events of one record. */
const MAX_EVENTS = 2_000
/** Characters of a piece of a body. */
const MAX_PIECE = 1024 * 1024
const MAX_ITEMS = 100_000
const METADATA_CHARS = 16 * 1024

/** Ids that nodes make themselves: they stand in keys and in URIs. */
const madeId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/, { error: 'letters, digits, `_` and `-`, at most 128' })
const id = wellFormed.min(1).max(128)
const text = wellFormed.max(65_536)
const count = z.int().min(0)
/** Epoch milliseconds that a date can be of (ECMA-262, section 21.4.1.1). */
const time = z.number().min(0).max(8.64e15)
const generation = z.int().min(1)
const item = z.int().min(0).lt(MAX_ITEMS)
const optional = { task_id: id.exactOptional(), workflow_id: id.exactOptional() }
const flag = z.literal(true).exactOptional()
const error = errorFacts.exactOptional()
const steps = z.array(id).max(100_000)

const event = z.discriminatedUnion('kind', [
  eventOf('submitted', { by: id }),
  eventOf('claimed', { engine: id, fence: count }),
  eventOf('step_started', {
    step: id,
    generation,
    ...optional,
    items: z.int().min(0).max(MAX_ITEMS).exactOptional(),
  }),
  eventOf('step_waiting', {
    step: id,
    generation,
    until: time.exactOptional(),
    signal: id.exactOptional(),
    message: text.exactOptional(),
  }),
  eventOf('item_ended', {
    step: id,
    generation,
    item,
    state: z.enum(['succeeded', 'failed', 'cancelled']),
    ...optional,
    cached: flag,
    error,
  }),
  eventOf('compensation_started', { step: id, generation, task_id: id, error: errorFacts }),
  eventOf('step_ended', {
    step: id,
    generation,
    state: z.enum(['succeeded', 'failed', 'skipped', 'cancelled']),
    ...optional,
    cached: flag,
    continued: flag,
    fatal: flag,
    reason: text.exactOptional(),
    error,
  }),
  eventOf('signalled', { signal: id, by: id }),
  eventOf('cancel_requested', { by: id, reason: text }),
  eventOf('rescheduled', { by: id, generation, steps, input: flag }),
  eventOf('request_refused', {
    request: z.enum(['signal', 'cancel', 'reschedule', 'hand_over']),
    error: errorFacts,
  }),
  eventOf('handover_began', { to: id, transfer: id }),
  eventOf('handover_refused', { to: id, error: errorFacts }),
  eventOf('handed_over', { to: id }),
  eventOf('adopted', { from: id, transfer: id }),
  eventOf('ended', { state: z.enum(['succeeded', 'failed', 'cancelled']), error }),
])

const bodyKey = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('definition') }),
  z.strictObject({ of: z.literal('input'), generation }),
  z.strictObject({ of: z.literal('output'), step: id, generation, item: item.exactOptional() }),
  z.strictObject({ of: z.literal('result') }),
  z.strictObject({ of: z.literal('signal'), signal: id, n: count }),
  z.strictObject({ of: z.literal('items'), step: id, generation }),
])

const request = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('signal'), by: id, signal: id }),
  z.strictObject({ kind: z.literal('cancel'), by: id, reason: text }),
  z.strictObject({ kind: z.literal('reschedule'), by: id, steps }),
])

const head = z.strictObject({
  name: id,
  version: id.exactOptional(),
  definition_cid: id,
  state: z.enum(['running', 'waiting']),
  seq: count,
  generation,
  created_at: time,
  changed_at: time,
  steps: z.object(
    Object.fromEntries(STEP_STATES.map(state => [state, count])) as Record<StepState, typeof count>,
  ),
  failed_steps: count,
  error,
  labels: taskOptions.labels.unwrap(),
  metadata: jsonObject.refine(value => JSON.stringify(value).length <= METADATA_CHARS, {
    error: `at most ${METADATA_CHARS} characters of JSON`,
  }),
})

const piece = { text: z.string().max(MAX_PIECE), more: flag }

/** A page of a workflow that is handed over. */
export const adoptParams: z.ZodType<TransferPage> = z.strictObject({
  workflow_id: madeId,
  transfer: madeId,
  page: count,
  records: z
    .array(
      z.union([
        z.strictObject({ head }),
        z.strictObject({ events: z.array(event).max(MAX_EVENTS) }),
        z.strictObject({ body: bodyKey, ...piece }),
        z.strictObject({ request, text: piece.text.exactOptional(), more: flag }),
      ]),
    )
    .max(MAX_RECORDS),
  last: flag,
})

export const adoptResult: z.ZodType<TransferAnswer> = z.union([
  z.strictObject({ next: count }),
  z.strictObject({ adopted: z.literal(true) }),
  z.strictObject({ refused: errorFacts }),
])

function eventOf<K extends string, S extends z.ZodRawShape>(kind: K, shape: S) {
  return z.strictObject({ kind: z.literal(kind), seq: z.int().min(1), at: time, ...shape })
}
