import { join } from 'node:path'
import { z } from 'zod'
import { type Cost, costSchema } from './backlog/cost.ts'
import type { Benchmark, Figure, Findings } from './benchmark.ts'
import { measuredBy } from './measured-by.ts'
import { removeFolder, temporaryFolder } from './queue/temporary-folder.ts'
import { summarise } from './statistics.ts'

const FEW = 10_000
const MANY = 1_000_000
const ROUNDS = 3
const GOAL_COST = 2
const GOAL_MEMORY = 1.3

export const benchmark: Benchmark = {
  name: 'backlog',
  title: `A queue with ${MANY.toLocaleString('en')} waiting tasks against ${FEW.toLocaleString('en')}`,
  usesNode: false,
  run,
}

async function run(): Promise<Findings[]> {
  const [few, many] = [await filled(FEW), await filled(MANY)]
  try {
    const costs: { few: Cost[]; many: Cost[] } = { few: [], many: [] }
    for (let round = 0; round < ROUNDS; round++) {
      costs.few.push(await costOf(few.folder))
      costs.many.push(await costOf(many.folder))
    }
    return findings(costs, many.seconds)
  } finally {
    await removeFolder(few.folder)
    await removeFolder(many.folder)
  }
}

async function filled(tasks: number): Promise<{ folder: string; seconds: number }> {
  const folder = await temporaryFolder()
  const program = join(import.meta.dirname, 'backlog', 'fill.ts')
  const { fill_s } = await measuredBy(program, [folder, String(tasks)], z.object({ fill_s: z.number() }))
  return { folder, seconds: fill_s }
}

function costOf(folder: string): Promise<Cost> {
  return measuredBy(join(import.meta.dirname, 'backlog', 'measure.ts'), [folder], costSchema)
}

function findings({ few, many }: { few: Cost[]; many: Cost[] }, fillSeconds: number): Findings[] {
  const compared = (unit: string, most: number | undefined, of: (cost: Cost) => number): Figure[] => {
    const [atFew, atMany] = [summarise(few.map(of)).median, summarise(many.map(of)).median]
    const ratio: Figure = { name: 'ratio', value: atMany / atFew, unit: 'times' }
    return [
      { name: FEW.toLocaleString('en'), value: atFew, unit },
      { name: MANY.toLocaleString('en'), value: atMany, unit },
      most === undefined ? ratio : { ...ratio, goal: { most } },
    ]
  }
  return [
    {
      method: `medians of ${ROUNDS} rounds by turns, each in a new process on a filled store, \`full\`; tasks of 5 submitters at 3 priorities, one in ten due tomorrow`,
      figures: [
        {
          name: 'filled',
          value: MANY / fillSeconds,
          unit: 'tasks/s, in submits of 1,000, 4 at once, `normal`',
        },
      ],
    },
    {
      method: 'claim 64 and complete them',
      figures: compared('ms', GOAL_COST, ({ claim }) => claim.median),
    },
    {
      method: 'claim 64 and complete them, p99',
      figures: compared('ms', GOAL_COST, ({ claim }) => claim.p99),
    },
    { method: 'submit 64', figures: compared('ms', GOAL_COST, ({ submit }) => submit.median) },
    {
      method: 'three pages of 50: the newest, the oldest that wait, one submitter’s',
      figures: compared('ms', GOAL_COST, ({ list }) => list.median),
    },
    { method: 'status', figures: compared('ms', GOAL_COST, ({ status }) => status.median) },
    {
      method: 'resident memory once started',
      figures: compared('MiB', GOAL_MEMORY, cost => cost.rss_start_mib),
    },
    { method: 'resident memory after the work', figures: compared('MiB', GOAL_MEMORY, cost => cost.rss_mib) },
    { method: 'start', figures: compared('ms', undefined, cost => cost.start_ms) },
  ]
}
