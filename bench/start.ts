import type { Benchmark, Findings } from './benchmark.ts'
import { startNode } from './node-process.ts'
import { summarise } from './statistics.ts'

const STARTS = 7
const GOAL_MS = 1_000

export const benchmark: Benchmark = { name: 'start', title: 'Process start to ready', usesNode: true, run }

async function run(): Promise<Findings[]> {
  const times: number[] = []
  for (let start = 0; start < STARTS; start++) times.push(await measureStart())
  const { median } = summarise(times)
  return [
    {
      method: `${STARTS} starts of \`npm start\`'s command, each in a new data directory, until it prints its links; pages built before`,
      figures: [
        { name: 'ready', value: median, unit: 'ms', goal: { most: GOAL_MS } },
        { name: 'slowest', value: Math.max(...times), unit: 'ms' },
      ],
    },
  ]
}

async function measureStart(): Promise<number> {
  const node = await startNode()
  await node.stop()
  return node.readyMs
}
