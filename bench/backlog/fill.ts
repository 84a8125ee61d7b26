/** `node fill.ts <folder> <tasks>`: a queue in which so many tasks wait; prints how long it took, as JSON. */
import { join } from 'node:path'
import { z } from 'zod'
import { openQueue } from '../queue/open-queue.ts'
import { waitingTasks } from './waiting-tasks.ts'

/** Submits under way at once. */
const IN_FLIGHT = 4

const [folder, tasks] = z.tuple([z.string(), z.coerce.number()]).parse(process.argv.slice(2))
const { queue, close } = await openQueue(join(folder, 'queue.db'), 'normal')
const started = performance.now()
const batches = waitingTasks(tasks)
const lane = async (): Promise<void> => {
  for (const { principal, requests } of batches) {
    const receipts = await queue.submit(principal, requests)
    for (const receipt of receipts) if ('error' in receipt) throw new Error(receipt.error.message)
  }
}
await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
const fill_s = (performance.now() - started) / 1000
await close()
process.stdout.write(JSON.stringify({ fill_s }))
