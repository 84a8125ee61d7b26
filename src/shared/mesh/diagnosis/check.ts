import type { StepReport } from '../dialling/dial-report.ts'

/**
 * `warning`: something does not work, and all that was asked for works in spite of it; `skipped`: it could not be looked
 * at, or means nothing here.
 */
export type CheckState = 'ok' | 'warning' | 'failed' | 'skipped'

/** One thing that was looked at. */
export interface Check {
  /** What, as `address`, `session`, `clock`. */
  name: string
  state: CheckState
  /** One line for a person, with the value that was seen. */
  summary: string
  /** Milliseconds that it took. */
  ms?: number
  /** Multiaddr that was dialled. */
  address?: string
  steps?: StepReport[]
  /** Of a check that is not well: a stable word for why (`causes.ts`). */
  cause?: string
  /** What to do about it. */
  advice?: string
}

export interface Diagnosis {
  /** The worst of its checks. */
  state: Exclude<CheckState, 'skipped'>
  checks: Check[]
}

/** The checks, and the worst of their states. */
export function diagnosisOf(checks: Check[]): Diagnosis {
  const has = (state: CheckState) => checks.some(check => check.state === state)
  return { state: has('failed') ? 'failed' : has('warning') ? 'warning' : 'ok', checks }
}
