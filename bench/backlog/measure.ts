/** `node --expose-gc measure.ts <folder>`: what the queue in the folder costs to use; prints it as JSON. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Assignment, WorkerLink } from '../../src/shared/queue/work.ts'
import { announcementOf, openQueue } from '../queue/open-queue.ts'
import { summarise } from '../statistics.ts'
import type { Cost } from './cost.ts'
import { waitingTask } from './waiting-tasks.ts'

/** Tasks of one claim, as a peer with so many credits takes them. */
const BATCH = 64
const WARM_UP = 100
const SAMPLES = 200
const PAGE = 50
const SETTLE_MS = 1_000
const PEER = 'bench-peer'
/** Tasks wait all the time, so a puller hears of them long before. */
const TOLD_MS = 30_000

const [folder] = z.tuple([z.string()]).parse(process.argv.slice(2))
const began = performance.now()
const { queue, close } = await openQueue(join(folder, 'queue.db'), 'full')
const start_ms = performance.now() - began
const rss_start_mib = await residentMiB()

let told = (): void => {}
const instanceId = crypto.randomUUID()
const link: WorkerLink = {
  peer_id: PEER,
  run: () => Promise.reject(new Error('this worker claims')),
  renew: async () => [],
  cancel() {},
  settled() {},
  workWaits: () => told(),
}
// It announces no credits: what it wants it comes for.
queue.announce(link, announcementOf(instanceId, 0))

let last = 1
const submit = () => {
  const requests = Array.from({ length: BATCH }, () => waitingTask(++last * 10 + 1))
  return queue.submit('alice', requests)
}
const list = async (): Promise<void> => {
  await queue.list({ limit: PAGE })
  await queue.list({ limit: PAGE, state: 'queued', order: 'oldest' })
  await queue.list({ limit: PAGE, principal: 'bob' })
}
const taken = { claim: newSamples(), submit: newSamples(), list: newSamples(), status: newSamples() }
// By turns, so that all see the same state of the queue and of the machine.
for (let turn = 0; turn < WARM_UP + SAMPLES; turn++) {
  taken.claim.push(await timed(claimAndComplete))
  taken.submit.push(await timed(submit))
  taken.list.push(await timed(list))
  taken.status.push(await timed(() => queue.status()))
}
const cost: Cost = {
  start_ms,
  rss_start_mib,
  claim: summaryOf(taken.claim),
  submit: summaryOf(taken.submit),
  list: summaryOf(taken.list),
  status: summaryOf(taken.status),
  rss_mib: await residentMiB(),
}
process.stdout.write(JSON.stringify(cost))
await close()

async function claimAndComplete(): Promise<void> {
  const assignments = await claim(BATCH)
  const verdicts = await queue.complete(
    PEER,
    assignments.map(({ lease: { task_id, fence } }) => {
      return { task_id, fence, instance_id: instanceId, outcome: { state: 'succeeded', result: {} } }
    }),
  )
  if (verdicts.some(verdict => verdict !== 'committed')) throw new Error('an outcome was not committed')
}

/** As a peer that pulls: what is missing it comes for when it is told that more waits. */
async function claim(count: number): Promise<Assignment[]> {
  const assignments: Assignment[] = []
  for (;;) {
    const { promise: more, resolve } = Promise.withResolvers<void>()
    told = resolve
    // It asks for what it may hold in all, and holds what it has not completed.
    assignments.push(...(await queue.claim(link, count)))
    if (assignments.length >= count) return assignments
    const late = setTimeout(() => {
      throw new Error(`a claim of ${count} gave ${assignments.length}, and no word of more`)
    }, TOLD_MS)
    await more
    clearTimeout(late)
  }
}

function newSamples(): number[] {
  return []
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await run()
  return performance.now() - started
}

function summaryOf(samples: readonly number[]): Cost['claim'] {
  const { median, p99 } = summarise(samples.slice(WARM_UP))
  return { median, p99 }
}

/** Of what is in use: garbage and the allocator's slack come and go. */
async function residentMiB(): Promise<number> {
  await sleep(SETTLE_MS)
  globalThis.gc?.()
  await sleep(SETTLE_MS)
  return process.memoryUsage.rss() / 2 ** 20
}
