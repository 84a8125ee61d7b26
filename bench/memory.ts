import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark, Findings } from './benchmark.ts'
import { startNode } from './node-process.ts'

const IDLE_MS = 30_000
const GOAL_MIB = 150

export const benchmark: Benchmark = { name: 'memory', title: 'Resident memory at rest', usesNode: true, run }

async function run(): Promise<Findings[]> {
  const method = `VmRSS ${IDLE_MS / 1000} s after ready, no peers, no calls`
  if (process.platform !== 'linux')
    return [{ method, figures: [], skipped: 'reads /proc, which only Linux has' }]
  const node = await startNode()
  try {
    await sleep(IDLE_MS)
    const value = await node.residentMiB()
    return [{ method, figures: [{ name: 'resident', value, unit: 'MiB', goal: { most: GOAL_MIB } }] }]
  } finally {
    await node.stop()
  }
}
