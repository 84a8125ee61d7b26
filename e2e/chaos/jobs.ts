/** Work with a result that is known beforehand, so that a mixed-up one is seen. */
import { createHash } from 'node:crypto'
import textMinhash from '../../tools/text/text_minhash.ts'
import { tryTool } from '../../tools/try-tool.node.ts'
import type { Job } from './submitter.ts'

/** Short: a hash, a different one for each `n`. */
export function hashJob(n: number | string, more: Partial<Job> = {}): Job {
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

const LONG_WORDS = 60_000

/**
 * A second or so in a worker on a machine that has nothing else to do, and no limit of its own: many words to
 * compare. `times` as long.
 */
export async function longJob(times: number, more: Partial<Job> = {}): Promise<Job> {
  const params = {
    text: Array.from({ length: LONG_WORDS * times }, (_, n) => n.toString(36)).join(' '),
    permutations: 1_024,
    bands: 64,
  }
  return { tool: 'text_minhash', params, expected: await tryTool(textMinhash, params), ...more }
}

/** With parameters of so many bytes. */
export function wideJob(bytes: number): Job {
  const text = 'toolmesh'.repeat(Math.ceil(bytes / 8))
  const digest = createHash('sha256').update(text).digest('hex')
  return {
    tool: 'crypto_hash',
    params: { text },
    expected: { algorithm: 'sha-256', bytes: text.length, digest },
  }
}
