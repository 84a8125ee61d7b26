import type { Contribution } from './contributions.ts'
import type { Report } from './report.ts'

/** Groups and names shown at most; `--json` has all. */
const SHOWN_GROUPS = 10
const SHOWN_NAMES = 4

export interface DemoResult {
  workflow_id: string
  report: Report
  cid: string
  seconds: number
  workers: Contribution[]
}

/** The result as text for a person. */
export function reportText({ workflow_id, report, cid, seconds, workers }: DemoResult): string {
  const rate = (report.documents / Math.max(seconds, 0.001)).toFixed(1)
  return [
    '',
    `${report.documents} documents in ${seconds.toFixed(1)} s, ${rate} a second${leftOut(report)}`,
    '',
    'Who did how much',
    ...workers.map(worker => `  ${String(worker.documents).padStart(6)}  ${nameOf(worker)}`),
    '',
    `Near duplicates: ${count(report.near_duplicates.length, 'group')}`,
    ...report.near_duplicates.slice(0, SHOWN_GROUPS).map(names => `  ${shortened(names, SHOWN_NAMES)}`),
    ...more(report.near_duplicates.length, SHOWN_GROUPS, 'groups'),
    '',
    'Top keywords (documents that have them among their own)',
    `  ${report.keywords.map(({ keyword, documents }) => `${keyword} (${documents})`).join(', ')}`,
    '',
    `Answer to ${JSON.stringify(report.query)}`,
    ...report.answers.map(({ name, score }) => `  ${score.toFixed(2).padStart(6)}  ${name}`),
    ...(report.answers.length === 0 ? ['  nothing found'] : []),
    '',
    `Report ${cid}`,
    `Workflow ${workflow_id}`,
    '',
  ].join('\n')
}

function leftOut({ skipped, failed }: Report): string {
  const parts = Object.entries(skipped).map(([reason, files]) => `${files} skipped (${reason})`)
  if (failed.length > 0) parts.push(`${failed.length} failed`)
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`
}

function nameOf({ kind, name, peer_id }: Contribution): string {
  return `${kind} ${name === undefined ? peer_id : `${name} (${peer_id.slice(-8)})`}`
}

function shortened(names: readonly string[], shown: number): string {
  const rest = names.length - shown
  return names.slice(0, shown).join('  ') + (rest > 0 ? `  and ${rest} more` : '')
}

function more(all: number, shown: number, what: string): string[] {
  return all > shown ? [`  and ${all - shown} more ${what}`] : []
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
