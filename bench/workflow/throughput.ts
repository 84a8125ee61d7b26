/** `node throughput.ts <folder> <way>`: how many steps a second; prints it as JSON. */
import { z } from 'zod'
import { chains } from './definitions.ts'
import type { ThroughputFigures } from './figures.ts'
import { openWorkflows } from './open-workflows.ts'
import { runTask, runWorkflow } from './run-one.ts'
import { AT_ONCE, CHAIN, WAYS, type Way } from './ways.ts'

const WARM_UP_S = 2
const MEASURED_S = 5

const [folder, way] = z.tuple([z.string(), z.enum(WAYS)]).parse(process.argv.slice(2))
const opened = await openWorkflows(folder)
const one = chains(1, CHAIN)
const wide = chains(AT_ONCE, CHAIN)

/** How many run side by side, what each does again and again, and how many steps that is. */
const work: Record<Way, { lanes: number; steps: number; run: () => Promise<unknown> }> = {
  one_narrow: { lanes: 1, steps: CHAIN, run: () => runWorkflow(opened, one) },
  one_wide: { lanes: 1, steps: AT_ONCE * CHAIN, run: () => runWorkflow(opened, wide) },
  many: { lanes: AT_ONCE, steps: CHAIN, run: () => runWorkflow(opened, one) },
  tasks: { lanes: AT_ONCE, steps: 1, run: () => runTask(opened, 1) },
}

await during(WARM_UP_S)
const figures = await during(MEASURED_S)
await opened.close()
process.stdout.write(JSON.stringify(figures))

async function during(seconds: number): Promise<ThroughputFigures> {
  const { lanes, steps, run } = work[way]
  const cpu = process.cpuUsage()
  const started = performance.now()
  const end = started + seconds * 1000
  let done = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      await run()
      done += steps
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const { user, system } = process.cpuUsage(cpu)
  return { steps: done / ((performance.now() - started) / 1000), cpu_us_per_step: (user + system) / done }
}
