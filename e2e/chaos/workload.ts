/** A steady load of short tasks, each waited for, and how long each took. */
import { connectClient } from '../node-process.ts'
import { hashJob } from './jobs.ts'
import type { Measured } from './measured.ts'
import { type Acknowledged, Submitter } from './submitter.ts'
import { resultOf } from './task-history.ts'

/** Tasks under way at once. */
const AT_ONCE = 4

export interface Load {
  /** Milliseconds from the submit of a task to its result, sorted. */
  times: number[]
  perSecond: number
  tasks: Acknowledged[]
}

/** Submits tasks, each after the result of the one before, for so long. Keys begin with `name`. */
export async function loadFor(
  node: { origin: string },
  name: string,
  ms: number,
  requires: string[] = [],
): Promise<Load> {
  const times: number[] = []
  const tasks: Acknowledged[] = []
  const end = Date.now() + ms
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, lane) => {
      const submitter = new Submitter(node)
      const client = await connectClient(node)
      for (let n = 0; Date.now() < end; n += 1) {
        const began = performance.now()
        const key = `${name} ${lane} ${n}`
        const [task] = await submitter.submitAll(key, [hashJob(key, { requires })], 1)
        if (task === undefined) throw new Error(`${key} was not acknowledged`)
        tasks.push(task)
        await resultOf(client, task.task_id)
        times.push(performance.now() - began)
      }
      await client.close()
      await submitter.close()
    }),
  )
  return { times: times.sort((a, b) => a - b), perSecond: (tasks.length / ms) * 1000, tasks }
}

export function rowOf(measured: Measured, what: string, { times, perSecond }: Load): void {
  const at = (share: number) => `${(times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(1)} ms`
  measured.row(what, `${perSecond.toFixed(0)} tasks a second, p50 ${at(0.5)}, p99 ${at(0.99)}`)
}
