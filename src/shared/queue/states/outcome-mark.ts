import type { ReportedOutcome } from './commands.ts'

/**
 * By what a repeat of an outcome is known: a short hash of what its worker reported. Only a worker's own reports on one
 * attempt are ever compared, and what hangs on it is whether it hears `duplicate` or `stale_fence`, so the hash is a
 * quick one (two rounds of FNV-1a over UTF-16 units, with different bases) and not a cryptographic one.
 */
export function outcomeMark(outcome: ReportedOutcome): string {
  if (outcome.state !== 'succeeded')
    return `${outcome.state}:${hash(outcome.error.code + outcome.error.message)}`
  const { result } = outcome
  return typeof result === 'string' ? hash(result) : result.blob
}

const PRIME = 0x01000193

function hash(text: string): string {
  let [a, b] = [0x811c9dc5, 0x9747b28c]
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    a = Math.imul(a ^ unit, PRIME)
    b = Math.imul(b ^ (unit + index), PRIME)
  }
  return `${text.length}:${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`
}
