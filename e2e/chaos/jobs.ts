/** Work with a result that is known beforehand, so that a mixed-up one is seen. */
import { createHash } from 'node:crypto'
import type { Job } from './submitter.ts'

/** Short: a hash, a different one for each `n`. */
export function hashJob(n: number, more: Partial<Job> = {}): Job {
  const text = `chaos ${n}`
  const digest = createHash('sha256').update(text).digest('hex')
  return {
    tool: 'crypto_hash',
    params: { text },
    expected: { algorithm: 'sha-256', bytes: text.length, digest },
    ...more,
  }
}

const SUM_OF = 12_000
const SUM = Array.from({ length: SUM_OF }, (_, i) => (i + 1) % 7).reduce((a, b) => a + b, 0)

/** About 80 ms in a worker. */
export function sumJob(n: number, more: Partial<Job> = {}): Job {
  const params = { json: { n }, query: `$sum([1..${SUM_OF}].($ % 7)) + n` }
  return { tool: 'data_json_query', params, expected: { result: SUM + n }, ...more }
}
