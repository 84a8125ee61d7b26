import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { Benchmark, Figure, Findings } from './benchmark.ts'
import { summarise } from './statistics.ts'

/** The last one takes some minutes and 8 GiB. */
const SIZES = [100, 1000, 10_000, 100_000]
const SEED = 1
/** What ten times as many peers may change the messages of each by. */
const GROWTH = 1.1
/** Peers that a node's book may know. */
const BOOK = 10_000

export const benchmark: Benchmark = {
  name: 'sim',
  title:
    'Peers that come and go, simulated: the real book, exchange, discovery, queue and dispatcher over simulated links',
  usesNode: false,
  run,
}

const sent = z.object({ messages: z.number(), bytes: z.number() })
const simulated = z.object({
  peers: z.number(),
  perMinute: z.object({ node: sent, tab: sent }),
  popularFoundMs: z.array(z.number()),
  rareFoundMs: z.array(z.number()),
  rareSought: z.number(),
  known: z.number(),
  alive: z.number(),
  tasks: z.object({
    submitted: z.number(),
    succeeded: z.number(),
    wrong: z.number(),
    delayed: z.number(),
    delays: z.array(z.number()),
  }),
  churn: z.number(),
  events: z.number(),
  cpu_s: z.number(),
  process_mib: z.number(),
})
type Simulated = z.infer<typeof simulated>

async function run(): Promise<Findings[]> {
  const findings: Findings[] = []
  let before: Simulated | undefined
  for (const peers of SIZES) {
    const now = simulated.parse(await inProcess('run-world.ts', [String(peers), String(SEED)]))
    findings.push({ method: methodOf(now), figures: figuresOf(now, before) })
    before = now
  }
  const memory = z
    .object({ known: z.number(), mib: z.number() })
    .parse(await inProcess('book-memory.ts', [String(BOOK)]))
  findings.push({
    method: `a node's peer book that knows ${memory.known} peers, each announcement a text of its own`,
    figures: [
      { name: 'memory', value: memory.mib, unit: 'MiB' },
      { name: 'memory of a peer', value: (memory.mib * 1024) / memory.known, unit: 'KiB' },
    ],
  })
  return findings
}

function methodOf({ peers, churn, events, cpu_s, process_mib }: Simulated): string {
  const gone = `${Math.round(churn * 100)} % left in 4 minutes`
  return `${peers} peers, seed ${SEED}: ${gone}; ${events} events, ${cpu_s.toFixed(0)} s of CPU, ${process_mib.toFixed(0)} MiB`
}

function figuresOf(now: Simulated, before: Simulated | undefined): Figure[] {
  const { perMinute, popularFoundMs, rareFoundMs, rareSought, known, alive, tasks } = now
  const { node, tab } = perMinute
  const grown = (kind: 'node' | 'tab'): Figure[] =>
    before === undefined
      ? []
      : [
          {
            name: `messages of a ${kind}, times those of a tenth of the peers`,
            value: perMinute[kind].messages / before.perMinute[kind].messages,
            unit: '',
            // A hundred peers are one node with nobody to talk to.
            ...(before.peers < 1000 ? {} : { goal: { most: GROWTH } }),
          },
        ]
  return [
    { name: 'messages a node sends a minute', value: node.messages, unit: '' },
    { name: 'messages a tab sends a minute', value: tab.messages, unit: '' },
    ...grown('node'),
    ...grown('tab'),
    { name: 'a node sends a minute', value: node.bytes / 1024, unit: 'KiB' },
    { name: 'a tab sends a minute', value: tab.bytes / 1024, unit: 'KiB' },
    time('a popular tool (every other peer) is known to a new tab after', popularFoundMs),
    time('a rare tool (one peer in 10,000) is known to a node that asks after', rareFoundMs),
    {
      name: 'nodes that found the rare tool',
      value: (100 * rareFoundMs.length) / rareSought,
      unit: '%',
      goal: { least: 99 },
    },
    { name: 'peers that a node knows', value: known, unit: '' },
    { name: 'of these alive', value: 100 * alive, unit: '%' },
    { name: 'tasks that a worker left', value: (100 * tasks.delayed) / tasks.succeeded, unit: '%' },
    time('these were later by', tasks.delays),
    { name: 'tasks that failed, or ended twice', value: tasks.wrong, unit: '', goal: { most: 0 } },
  ]
}

function time(name: string, samples: readonly number[]): Figure {
  const { median, p99 } = summarise(samples.length === 0 ? [Number.NaN] : samples)
  return { name, value: median / 1000, p99: p99 / 1000, unit: 's' }
}

async function inProcess(script: string, args: string[]): Promise<unknown> {
  const flags = ['--expose-gc', '--max-old-space-size=12000']
  const path = resolve(import.meta.dirname, 'sim', script)
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, path, ...args], {
    maxBuffer: 256 * 1024 * 1024,
  })
  return JSON.parse(stdout)
}
