/** A workflow of all that takes time: waits, signals, time limits, retries, compensation, children; its outcome is known beforehand. */
import { createHash } from 'node:crypto'
import type { Graph } from './graph.ts'

export interface WaitingGraph extends Graph {
  /** What it waits for, with the payload of each: the first may come before its step has begun. */
  signals: { early: { word: string }; late: { word: string } }
}

const CHILDREN = 6
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')
/** Many seconds, which no attempt is given. */
const ENDLESS = { json: {}, query: '$sum([1..900000].($ % 7))' }

export function waitingGraph(n: number): WaitingGraph {
  const signals = { early: { word: `early ${n}` }, late: { word: `late ${n}` } }
  const names = Array.from({ length: CHILDREN }, (_, child) => `${n}-${child}`)
  const steps = [
    { id: 'first', tool: 'crypto_hash', params: { text: { $from: 'input', path: '/seed' } } },
    { id: 'nap', wait: { ms: 1_500 }, depends_on: ['first'] },
    { id: 'early', wait: { signal: 'early' }, depends_on: ['nap'] },
    { id: 'late', wait: { signal: 'late' }, depends_on: ['early'] },
    {
      id: 'tries',
      tool: 'data_json_query',
      params: ENDLESS,
      // Each attempt costs a worker thread: what else there is comes first.
      priority: 1,
      attempt_timeout_ms: 100,
      retry: { max_attempts: 2, base_delay_ms: 500 },
      depends_on: ['first'],
      on_error: { continue: { gave: 'up' } },
    },
    {
      id: 'slow',
      tool: 'data_json_query',
      params: ENDLESS,
      requires: ['nobody-has-this'],
      timeout_ms: 3_000,
      on_error: {
        run: { tool: 'crypto_hash', params: { text: { $from: 'error', path: '/code' } } },
        // biome-ignore lint/suspicious/noThenProperty: it is what the definition calls it.
        then: 'continue',
      },
    },
    {
      id: 'children',
      depends_on: ['first'],
      for_each: { items: { $from: 'input', path: '/names' }, concurrency: 2 },
      input: { name: { $from: 'item' } },
      workflow: {
        name: 'child',
        steps: [
          { id: 'rest', wait: { ms: 400 } },
          {
            id: 'hash',
            tool: 'crypto_hash',
            params: { text: { $from: 'input', path: '/name' } },
            depends_on: ['rest'],
          },
        ],
        output: { $from: 'hash', path: '/digest' },
      },
    },
    {
      id: 'join',
      tool: 'crypto_hash',
      params: {
        text: {
          $expr:
            'steps.early.word & steps.late.word & steps.tries.gave & steps.slow.digest & $join(steps.children)',
        },
      },
    },
  ]
  const joined = `${signals.early.word}${signals.late.word}up${digestOf('timed_out')}${names.map(digestOf).join('')}`
  return {
    name: `waiting-${n}`,
    definition: { name: 'waiting', steps, output: { $from: 'join', path: '/digest' } },
    input: { seed: `${n}`, names },
    expected: digestOf(joined),
    states: {
      first: 'succeeded',
      nap: 'succeeded',
      early: 'succeeded',
      late: 'succeeded',
      tries: 'failed',
      slow: 'failed',
      children: 'succeeded',
      join: 'succeeded',
    },
    items: { children: CHILDREN },
    signals,
  }
}
