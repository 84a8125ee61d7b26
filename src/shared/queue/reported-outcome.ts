import type { ErrorFacts } from '../errors.ts'
import type { ReportedOutcome } from './commands.ts'
import type { QueueLimits } from './limits.ts'
import type { Outcome } from './task.ts'

/** Characters of an error message that are kept. */
const MESSAGE_CHARS = 4_096

/** A worker's outcome as the store takes it: result as text, within the limits. A result too large is a failure. */
export function reportedOutcome(outcome: Outcome, limits: Pick<QueueLimits, 'resultBytes'>): ReportedOutcome {
  if (outcome.state !== 'succeeded') return { state: outcome.state, error: shortened(outcome.error) }
  const result = JSON.stringify(outcome.result)
  if (utf8Length(result) <= limits.resultBytes) return { state: 'succeeded', result }
  const message = `the result has ${utf8Length(result)} bytes of JSON, allowed: ${limits.resultBytes}`
  return { state: 'failed', error: { code: 'tool_failed', message, retryable: false } }
}

/** Bytes of a string in UTF-8, without encoding it where its length alone decides nothing less. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    // A surrogate is half of a 4-byte character, so 2 bytes; other units above 0x7ff have 3.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}

function shortened(error: ErrorFacts): ErrorFacts {
  if (error.message.length <= MESSAGE_CHARS) return error
  return { ...error, message: `${error.message.slice(0, MESSAGE_CHARS)}…` }
}
