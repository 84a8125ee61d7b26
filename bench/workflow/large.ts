/** `node --expose-gc large.ts <folder> <shape>`: one workflow of 100,000 steps or items, run and read whole; prints it as JSON. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { WorkflowDefinition } from '../../src/shared/workflow/definition/definition.ts'
import { chains, forEach, layers } from './definitions.ts'
import type { LargeFigures } from './figures.ts'
import { openWorkflows } from './open-workflows.ts'
import { runWorkflow } from './run-one.ts'
import { SHAPES, type Shape, STEPS } from './shapes.ts'

const SETTLE_MS = 500
const PAGE = 1_000

const [folder, shape] = z.tuple([z.string(), z.enum(SHAPES)]).parse(process.argv.slice(2))
const opened = await openWorkflows(folder)
const { workflows } = opened

const shapes: Record<Shape, () => WorkflowDefinition> = {
  layers: () => layers(100, STEPS / 100),
  independent: () => chains(STEPS, 1),
  for_each: forEach,
}
const definition = shapes[shape]()
const input = shape === 'for_each' ? Array.from({ length: STEPS }, (_, n) => n) : []
// One step through all that is loaded and compiled at its first use.
await runWorkflow(opened, chains(1, 1))
globalThis.gc?.()
await sleep(SETTLE_MS)

const rssBefore = process.memoryUsage.rss()
const cpuBefore = process.cpuUsage()
const started = performance.now()
let submitted = started
const stopWatching = workflows.onChange(() => {
  if (submitted === started) submitted = performance.now()
  stopWatching()
})
const id = await runWorkflow(opened, definition, input)
const ran = performance.now()
const { user, system } = process.cpuUsage(cpuBefore)
const run_mib = peakMiB()
const events = await readEvents()
const read = shape === 'for_each' ? await readItems() : await readSteps()
if (read !== STEPS) throw new Error(`${read} of ${STEPS} were read back`)
const figures: LargeFigures = {
  submit_ms: submitted - started,
  run_s: (ran - started) / 1000,
  read_s: (performance.now() - ran) / 1000,
  events,
  cpu_us_per_step: (user + system) / STEPS,
  run_mib,
  read_mib: peakMiB(),
}
await opened.close()
process.stdout.write(JSON.stringify(figures))

/** All events, in order and without a gap. */
async function readEvents(): Promise<number> {
  for (let seq = 0; ; ) {
    const page = await workflows.events(id, seq, PAGE)
    for (const event of page.events) if (event.seq !== ++seq) throw new Error(`event ${event.seq} at ${seq}`)
    if (seq === page.last) return seq
  }
}

/** Every step with its end, and the numbers that those which nothing depends on gave. */
async function readSteps(): Promise<number> {
  let ended = 0
  for (let after = -1; ; ) {
    const page = await workflows.steps(id, { after, limit: PAGE })
    const last = page.at(-1)
    if (last === undefined) break
    after = last.index
    ended += page.filter(({ state }) => state === 'succeeded').length
  }
  const { result } = await workflows.result(id)
  const ends = Object.values(z.record(z.string(), z.object({ n: z.int() })).parse(result))
  const width = ends.length
  if (new Set(ends.map(({ n }) => n)).size !== width) throw new Error('an output was lost on the way')
  return ended
}

async function readItems(): Promise<number> {
  const { output } = await workflows.step(id, 'each')
  return z
    .array(z.object({ n: z.int() }))
    .parse(output)
    .filter(({ n }, item) => n === item).length
}

/** At its most until now, above the start. */
function peakMiB(): number {
  return process.resourceUsage().maxRSS / 2 ** 10 - rssBefore / 2 ** 20
}
