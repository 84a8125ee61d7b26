import type { Check, CheckState, Diagnosis } from '../../../shared/mesh/diagnosis/check.ts'
import { printLine } from '../output.ts'

const MARKS: Readonly<Record<CheckState, string>> = { ok: '✓', warning: '!', failed: '✗', skipped: '-' }

/** Characters of the column of names. */
const NAME_CHARS = 11

/** One line for each check, with its time; below those that are not well, what to do. */
export function printDiagnosis({ state, checks }: Diagnosis): void {
  for (const check of checks) printCheck(check)
  printLine('')
  const count = (wanted: CheckState) => checks.filter(one => one.state === wanted).length
  if (state === 'ok') printLine('All is well.')
  else printLine(`${counted(count('failed'), 'problem')}, ${counted(count('warning'), 'warning')}.`)
}

function printCheck({ name, state, summary, ms, address, steps, advice }: Check): void {
  const took = ms === undefined ? '' : ` (${milliseconds(ms)})`
  printLine(`${MARKS[state]} ${name.padEnd(NAME_CHARS)} ${summary}${took}`)
  const indent = ' '.repeat(NAME_CHARS + 3)
  if (address !== undefined) printLine(`${indent}${address}`)
  if (steps !== undefined && steps.length > 0) {
    printLine(
      `${indent}${steps.map(each => `${each.step} ${milliseconds(each.ms)}${each.error ? ' ✗' : ''}`).join(', ')}`,
    )
  }
  if (advice !== undefined) printLine(`${indent}→ ${advice}`)
}

function milliseconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
