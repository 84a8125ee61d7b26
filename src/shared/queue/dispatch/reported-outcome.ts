import { type ErrorFacts, errorFromFacts } from '../../errors.ts'
import type { Json } from '../../tools/tool.ts'
import type { ReportedOutcome } from '../states/commands.ts'
import type { Outcome } from '../task.ts'

/** Characters of an error message, and of each other text beside it, that are kept. */
const MESSAGE_CHARS = 4_096
const DETAIL_CHARS = 1_024

/** A worker's outcome with its result as text, and its error within the limits. */
export function reportedOutcome(outcome: Outcome): ReportedOutcome {
  if (outcome.state !== 'succeeded') return { state: outcome.state, error: bounded(outcome.error) }
  const result = textOf(outcome.result)
  if (result === undefined) return unfitResult('the result is nested too deeply to be written as JSON')
  return { state: 'succeeded', result }
}

function textOf(result: Json): string | undefined {
  try {
    return JSON.stringify(result)
  } catch {
    // What is nested deeper than the stack can be read as JSON, and not be written.
    return undefined
  }
}

/** What becomes of an attempt whose result cannot be kept: no other attempt would do better. */
export function unfitResult(message: string): ReportedOutcome {
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

/** A worker's error is kept with each attempt, so a worker must not be able to fill the store with it. */
function bounded(error: ErrorFacts): ErrorFacts {
  // As an error of ours its value is shortened.
  const { message, field, allowed, ...rest } = errorFromFacts(error).toFacts()
  return {
    ...rest,
    // Well formed, as it has a part in what an outcome is known by.
    message: cut(message, MESSAGE_CHARS).toWellFormed(),
    ...(field === undefined ? {} : { field: cut(field, DETAIL_CHARS) }),
    ...(allowed === undefined ? {} : { allowed: cut(allowed, DETAIL_CHARS) }),
  }
}

function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars)}…`
}
