/**
 * The two messages that carry every attempt between peers, read. What is plainly in order, as nearly all is, is seen to be so
 * at a look, as a schema makes a new object of each; all else its schema decides, which names what is wrong.
 */
import type { Outcome } from '../../queue/task.ts'
import type { Assignment, OutcomeReport } from '../../queue/work.ts'
import { isJsonObject } from '../json-object.ts'
import { parseInput } from '../parse-input.ts'
import { completeParams, MAX_BATCH, NAME_CHARS, runParams } from './protocol.ts'

/** An attempt on its way to a worker. */
export interface SentAssignment extends Assignment {
  /** The owner wants the attempt's log lines while it runs. */
  logs?: boolean
}

/** `params` of `toolmesh/run`. Throws `invalid_input`. */
export function readAssignments(params: unknown): readonly SentAssignment[] {
  const plain = isJsonObject(params) ? params.assignments : undefined
  return isBatchOf(plain, isPlainAssignment) ? plain : parseInput(runParams, params).assignments
}

/** `params` of `toolmesh/complete`. Throws `invalid_input`. */
export function readReports(params: unknown): OutcomeReport[] {
  const plain = isJsonObject(params) ? params.outcomes : undefined
  if (isBatchOf(plain, isPlainSuccess)) return plain.map(reportOfSuccess)
  return parseInput(completeParams, params).outcomes.map(reportOf)
}

/** `params` of `toolmesh/complete` that report these. */
export function writeReports(reports: readonly OutcomeReport[]): { outcomes: WireOutcome[] } {
  return { outcomes: reports.map(wireOf) }
}

function wireOf({ task_id, fence, instance_id, outcome }: OutcomeReport): WireOutcome {
  const wire: WireOutcome =
    outcome.state === 'succeeded'
      ? { task_id, fence, instance_id, state: outcome.state, result: outcome.result }
      : { task_id, fence, instance_id, state: outcome.state, error: outcome.error }
  if (outcome.logs !== undefined) wire.logs = outcome.logs
  return wire
}

type PlainSuccess = Omit<OutcomeReport, 'outcome'> & Pick<Outcome & { state: 'succeeded' }, 'result'>

function reportOfSuccess({ task_id, fence, instance_id, result }: PlainSuccess): OutcomeReport {
  return { task_id, fence, instance_id, outcome: { state: 'succeeded', result } }
}

type WireOutcome = ReturnType<typeof completeParams.parse>['outcomes'][number]

function reportOf(wire: WireOutcome): OutcomeReport {
  const { task_id, fence, instance_id, logs } = wire
  const outcome: Outcome =
    wire.state === 'succeeded'
      ? { state: wire.state, result: wire.result }
      : { state: wire.state, error: wire.error }
  if (logs !== undefined) outcome.logs = logs
  return { task_id, fence, instance_id, outcome }
}

function isBatchOf<T>(value: unknown, fits: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.length <= MAX_BATCH && value.every(fits)
}

function isPlainAssignment(value: unknown): value is SentAssignment {
  if (!isJsonObject(value)) return false
  const { lease, tool, input, logs } = value
  return (
    isLease(lease) && isName(tool) && input !== undefined && (logs === undefined || typeof logs === 'boolean')
  )
}

function isLease(value: unknown): value is Assignment['lease'] {
  if (!isJsonObject(value)) return false
  const { task_id, attempt, fence, lease_ms, deadline_ms } = value
  return (
    isName(task_id) &&
    isCount(attempt) &&
    attempt > 0 &&
    isCount(fence) &&
    isDuration(lease_ms) &&
    isDuration(deadline_ms)
  )
}

function isPlainSuccess(value: unknown): value is PlainSuccess {
  if (!isJsonObject(value) || value.state !== 'succeeded' || value.logs !== undefined) return false
  const { task_id, fence, instance_id, result } = value
  return isName(task_id) && isCount(fence) && isName(instance_id) && result !== undefined
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= NAME_CHARS
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isDuration(value: unknown): value is number {
  return Number.isFinite(value) && Number(value) >= 0
}
