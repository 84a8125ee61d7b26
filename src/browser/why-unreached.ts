import { causeOf, causeOfDial } from '../shared/mesh/diagnosis/causes.ts'
import type { DialReport } from '../shared/mesh/dialling/dial-report.ts'
import type { SessionEnd } from '../shared/mesh/session-contract.ts'
import { type FailedDial, MOST_DIALS, type Unreached } from './tab-contract.ts'

/** Why a round of tries did not reach the node. `at` in epoch milliseconds. */
export function whyUnreached(
  { code, message }: SessionEnd,
  dials: readonly DialReport[],
  at: number,
): Unreached {
  const { meaning, advice } = causeOf({ step: 'origin', code, message, from: 'tab' })
  return {
    reason: { code, message },
    meaning,
    advice,
    dials: dials.flatMap(failedDial).slice(0, MOST_DIALS),
    at,
  }
}

function failedDial(dial: DialReport): FailedDial[] {
  const why = causeOfDial(dial, 'tab')
  if (why === undefined) return []
  const { address, path, ms } = dial
  const { failure, meaning, advice } = why
  return [{ address, path, ms, step: failure.step, message: failure.message, meaning, advice }]
}
