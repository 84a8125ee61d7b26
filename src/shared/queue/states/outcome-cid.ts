import { cidOf } from '../../artifacts/cid.ts'
import type { Json, JsonObject } from '../../tools/tool.ts'
import type { ReportedOutcome } from './commands.ts'

/** CID by which an outcome is known again. Never throws: one outcome must not hold up all that are committed with it. */
export function outcomeCid(outcome: ReportedOutcome): string {
  if (outcome.state === 'succeeded') {
    if (typeof outcome.result !== 'string') return cidOf({ state: outcome.state, blob: outcome.result.blob })
    try {
      const result: Json = JSON.parse(outcome.result)
      return cidOf({ state: outcome.state, result })
    } catch {
      // JSON without a canonical form (half a surrogate pair, deep nesting): as its worker wrote it.
      return cidOf({ state: outcome.state, text: outcome.result })
    }
  }
  const { code, message } = outcome.error
  const facts: JsonObject = { code, message }
  return cidOf({ state: outcome.state, error: facts })
}
