/** `npm run bench [-- name ...] [--json]`: runs the benchmarks and says which goals were met. */
import { loadavg } from 'node:os'
import { type Benchmark, type Figure, type Findings, meetsGoal } from './benchmark.ts'
import { thisMachine } from './machine.ts'
import { startNode } from './node-process.ts'

const BENCHMARKS: Record<string, () => Promise<{ benchmark: Benchmark }>> = {
  mesh: () => import('./mesh.ts'),
  transports: () => import('./transports.ts'),
  http: () => import('./http.ts'),
  start: () => import('./start.ts'),
  memory: () => import('./memory.ts'),
  queue: () => import('./queue.ts'),
  backlog: () => import('./backlog.ts'),
  workflow: () => import('./workflow.ts'),
  scale: () => import('./scale.ts'),
  sim: () => import('./sim.ts'),
  matrix: () => import('./matrix.ts'),
}

const args = process.argv.slice(2)
const asJson = args.includes('--json')
const chosen = args.filter(arg => !arg.startsWith('-'))
const unknown = chosen.find(name => !Object.hasOwn(BENCHMARKS, name))
if (unknown !== undefined) {
  process.stderr.write(`no benchmark ${unknown}; there are ${Object.keys(BENCHMARKS).join(', ')}\n`)
  process.exit(2)
}

const machine = thisMachine()
if (!asJson) {
  const { cpu, cores, memory_gib, platform, node, load } = machine
  print(`${cpu}, ${cores} cores, ${memory_gib} GiB, ${platform}, Node ${node}, load ${load.toFixed(2)}`)
}

const benchmarks: Benchmark[] = []
for (const [name, load] of Object.entries(BENCHMARKS)) {
  if (chosen.length === 0 || chosen.includes(name)) benchmarks.push((await load()).benchmark)
}

// Makes what is stale (tools, pages, compiled code): that belongs to an install, not to what is measured.
if (benchmarks.some(({ usesNode }) => usesNode)) await (await startNode()).stop()

const results: { name: string; load: number; findings: Findings[] }[] = []
for (const benchmark of benchmarks) {
  const loadBefore = loadavg()[0] ?? 0
  const findings = await benchmark.run()
  results.push({ name: benchmark.name, load: loadBefore, findings })
  if (!asJson) show(benchmark, loadBefore, findings)
}
if (asJson) print(JSON.stringify({ machine, results }, null, 2))

function show({ title }: Benchmark, load: number, findings: readonly Findings[]): void {
  print(`\n${title} (load ${load.toFixed(2)})`)
  for (const { method, figures, skipped } of findings) {
    print(`  ${method}`)
    if (skipped !== undefined) print(`    skipped: ${skipped}`)
    const width = Math.max(0, ...figures.map(({ name }) => name.length))
    for (const figure of figures) print(`    ${figure.name.padEnd(width)}  ${textOf(figure)}`)
  }
}

function textOf(figure: Figure): string {
  const { value, unit, p99, goal } = figure
  const slow = p99 === undefined ? '' : `, p99 ${rounded(p99)} ${unit}`
  if (goal === undefined) return `${rounded(value)} ${unit}${slow}`
  const bar = 'most' in goal ? `at most ${rounded(goal.most)}` : `at least ${rounded(goal.least)}`
  return `${rounded(value)} ${unit}${slow}  goal ${bar}: ${meetsGoal(figure) ? 'met' : 'MISSED'}`
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
