import { cidOf } from '../../shared/artifacts/cid.ts'
import type { SkipReason } from './documents.ts'
import type { Findings } from './report-workflow.ts'

/** What the documents hold: nothing of when, where and by whom it was found out, so that its CID is the same every time. */
export interface Report extends Findings {
  /** How many files were left out, by reason. */
  skipped: Record<string, number>
  /** Names of documents that could not be profiled. */
  failed: string[]
}

export function reportOf(
  findings: Findings,
  skipped: ReadonlyMap<SkipReason, number>,
  failed: readonly string[],
): { report: Report; cid: string } {
  const report = { ...findings, skipped: Object.fromEntries([...skipped].sort()), failed: [...failed] }
  return { report, cid: cidOf(report) }
}
