/** Workflows whose outcome is known beforehand: what their steps give is computed here in the plainest way. */
import { createHash } from 'node:crypto'
import { type SeededRandom, seededBy } from './seeded-random.ts'

export interface Graph {
  name: string
  definition: Record<string, unknown>
  input: unknown
  /** What the workflow must give. */
  expected: unknown
  /** How each step must end. */
  states: Record<string, 'succeeded' | 'skipped' | 'failed'>
  /** Items of each `for_each`. */
  items: Record<string, number>
}

export interface GraphOptions {
  steps: number
  fanOut: number
  /** Of every so many steps one must run in a tab; 0: none. */
  tabEvery: number
}

/** Numbers that a slow step adds up: a few ms in a worker. */
const SUM_OF = 1_500
const SUM = Array.from({ length: SUM_OF }, (_, i) => (i + 1) % 7).reduce((a, b) => a + b, 0)
/** Items that run at once. */
const CONCURRENCY = 20

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')
const hashed = (text: string) => ({
  algorithm: 'sha-256',
  bytes: Buffer.byteLength(text),
  digest: digestOf(text),
})

/**
 * A graph of `steps` steps and a fan-out beside them. Every step makes a text of those of one to three steps before it; one
 * fails and goes on with another value, one is skipped by its condition, one runs however these two ended, and the
 * last takes in the whole fan-out. Another one for each `n`.
 */
export function graph(n: number, { steps, fanOut, tabEvery }: GraphOptions): Graph {
  const random = seededBy(n + 1)
  const items = Array.from({ length: fanOut }, (_, item) => `graph ${n} item ${item}`)
  const texts: string[] = []
  const states: Graph['states'] = { fan: 'succeeded' }
  const definition: Record<string, unknown>[] = [
    {
      id: 'fan',
      tool: 'crypto_hash',
      params: { text: { $from: 'item' } },
      for_each: { items: { $from: 'input', path: '/items' }, concurrency: CONCURRENCY },
    },
  ]
  const add = (step: Record<string, unknown>, state: Graph['states'][string], text: string) => {
    const id = `s${texts.length}`
    const inTab = tabEvery > 0 && texts.length % tabEvery === 1
    definition.push({ id, ...step, ...(inTab && 'tool' in step ? { requires: ['kind:tab'] } : {}) })
    states[id] = state
    texts.push(text)
  }

  add(
    { tool: 'crypto_hash', params: { text: { $from: 'input', path: '/seed' } } },
    'succeeded',
    digestOf(`${n}`),
  )
  add(failing, 'failed', 'instead')
  add({ tool: 'crypto_hash', params: { text: 'never' }, when: 'input.seed = "no seed"' }, 'skipped', '')
  const however = '$string(steps.s1) & $string($exists(steps.s2.digest))'
  add(
    { tool: 'crypto_hash', params: { text: { $expr: however } }, trigger_rule: 'all_done' },
    'succeeded',
    digestOf('insteadfalse'),
  )
  while (texts.length < steps - 1) {
    const from = someOf(texts, random)
    const text = from.map(at => texts[at]).join('')
    const joined = { $expr: from.map(expressionOf).join(' & ') }
    if (texts.length % 5 === 0) {
      const query = `$string($sum([1..${SUM_OF}].($ % 7))) & text`
      const params = { json: { text: joined }, query }
      add({ tool: 'data_json_query', params }, 'succeeded', `${SUM}${text}`)
    } else {
      add({ tool: 'crypto_hash', params: { text: joined } }, 'succeeded', digestOf(text))
    }
  }
  const before = texts.length - 1
  add(
    { tool: 'crypto_hash', params: { text: { $expr: `$join(steps.fan.digest) & ${expressionOf(before)}` } } },
    'succeeded',
    digestOf(items.map(digestOf).join('') + texts[before]),
  )
  const last = texts.length - 1
  return {
    name: `graph-${n}`,
    definition: {
      name: 'chaos',
      steps: definition,
      output: {
        last: { $from: `s${last}`, path: '/digest' },
        fan: { $from: 'fan' },
        skipped: { $from: 's2' },
      },
    },
    input: { seed: `${n}`, items },
    expected: { last: texts[last], fan: items.map(hashed), skipped: null },
    states,
    items: { fan: fanOut },
  }

  function expressionOf(at: number): string {
    const { tool } = definition[at + 1] ?? {}
    if (at === 1) return 'steps.s1'
    return tool === 'data_json_query' ? `steps.s${at}.result` : `steps.s${at}.digest`
  }
}

const WIDE_CHARS = 1_500_000

/** A workflow whose output, and the list of whose items, are files of their own beside the store. */
export function wideGraph(n: number): Graph {
  const wide = `${n} `.padEnd(WIDE_CHARS, 'toolmesh')
  const items = [1, 2, 3].map(item => `${item} ${n}`.padEnd(WIDE_CHARS / 2, 'mesh'))
  const half = `$pad($string($) & " ${n}", ${WIDE_CHARS / 2}, "mesh")`
  return {
    name: `wide-${n}`,
    definition: {
      name: 'wide',
      steps: [
        {
          id: 'wide',
          tool: 'data_json_query',
          params: { json: {}, query: `$pad("${n} ", ${WIDE_CHARS}, "toolmesh")` },
        },
        { id: 'hash', tool: 'crypto_hash', params: { text: { $from: 'wide', path: '/result' } } },
        {
          id: 'map',
          tool: 'crypto_hash',
          params: { text: { $from: 'item' } },
          for_each: { items: { $expr: `[1..3].(${half})` } },
          depends_on: ['wide'],
        },
      ],
      output: { wide: { $from: 'wide', path: '/result' }, hash: { $from: 'hash' }, map: { $from: 'map' } },
    },
    input: {},
    expected: { wide, hash: hashed(wide), map: items.map(hashed) },
    states: { wide: 'succeeded', hash: 'succeeded', map: 'succeeded' },
    items: { map: items.length },
  }
}

const failing = {
  tool: 'data_json_query',
  params: { json: {}, query: '$error("no luck")' },
  on_error: { continue: 'instead' },
}

/** One to three of the steps that have an output, later ones rather. */
function someOf(texts: readonly string[], random: SeededRandom): number[] {
  const count = random.between(1, 3)
  const latest = texts.length - 1
  return Array.from({ length: count }, () => {
    const at = random.between(Math.max(0, latest - 6), latest)
    return at === 2 ? 0 : at
  })
}
