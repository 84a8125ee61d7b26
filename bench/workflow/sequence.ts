/** `node sequence.ts <folder>`: sequences of three steps and single tasks by turns, one at a time; prints it as JSON. */
import { z } from 'zod'
import { summarise } from '../statistics.ts'
import { chains, STEPS_OF_SEQUENCE } from './definitions.ts'
import type { SequenceFigures } from './figures.ts'
import { openWorkflows } from './open-workflows.ts'
import { runTask, runWorkflow } from './run-one.ts'

const WARM_UP = 300
const SAMPLES = 500

const [folder] = z.tuple([z.string()]).parse(process.argv.slice(2))
const opened = await openWorkflows(folder)
const definition = chains(1, STEPS_OF_SEQUENCE)

const tasks: number[] = []
const steps: number[] = []
const cpu = { task: 0, step: 0 }
// By turns, so that both see the same state of the store and of the machine.
for (let turn = 0; turn < WARM_UP + SAMPLES; turn++) {
  const task = await measured(() => runTask(opened, turn))
  const workflow = await measured(() => runWorkflow(opened, definition))
  if (turn < WARM_UP) continue
  tasks.push(task.ms)
  steps.push(workflow.ms / STEPS_OF_SEQUENCE)
  cpu.task += task.cpuUs / SAMPLES
  cpu.step += workflow.cpuUs / SAMPLES / STEPS_OF_SEQUENCE
}
await opened.close()
const figures: SequenceFigures = {
  samples: SAMPLES,
  task: summarise(tasks),
  step: summarise(steps),
  task_cpu_us: cpu.task,
  step_cpu_us: cpu.step,
}
process.stdout.write(JSON.stringify(figures))

/** Its CPU time is that of all threads. */
async function measured(run: () => Promise<unknown>): Promise<{ ms: number; cpuUs: number }> {
  const before = process.cpuUsage()
  const started = performance.now()
  await run()
  const ms = performance.now() - started
  const { user, system } = process.cpuUsage(before)
  return { ms, cpuUs: user + system }
}
