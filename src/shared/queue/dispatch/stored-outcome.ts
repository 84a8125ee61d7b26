import { type Bodies, BodyTooLargeError } from '../bodies/bodies.ts'
import type { ReportedOutcome } from '../states/commands.ts'
import type { Outcome } from '../task.ts'
import { reportedOutcome, unfitResult } from './reported-outcome.ts'

/**
 * A worker's outcome as the store takes it; a large result is durable beside the store first, and stays pinned there
 * until `releaseOutcome`. At once where nothing has to be kept, so that it joins the commit that begins now.
 */
export function storedOutcome(
  outcome: Outcome,
  bodies: Pick<Bodies, 'keep'>,
): ReportedOutcome | Promise<ReportedOutcome> {
  const reported = reportedOutcome(outcome)
  if (reported.state !== 'succeeded' || typeof reported.result !== 'string') return reported
  try {
    const result = bodies.keep(reported.result, '/result')
    if (!(result instanceof Promise)) return { state: 'succeeded', result }
    return result.then(body => ({ state: 'succeeded', result: body }), tooLarge)
  } catch (error) {
    return tooLarge(error)
  }
}

/** The commit of an outcome is over; `referred`: it was taken, or it is not known whether it was. */
export function releaseOutcome(
  outcome: ReportedOutcome,
  referred: boolean,
  bodies: Pick<Bodies, 'release'>,
): void {
  if (outcome.state === 'succeeded') bodies.release(outcome.result, referred)
}

function tooLarge(error: unknown): ReportedOutcome {
  if (error instanceof BodyTooLargeError)
    return unfitResult(`the result has ${error.bytes} bytes of JSON, allowed: ${error.limit}`)
  throw error
}
