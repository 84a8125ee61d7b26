import { ownWorker } from '../../src/node/own-worker.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { AttemptRunner } from '../../src/shared/queue/worker/attempt-runner.ts'
import { MemoryOutbox } from '../../src/shared/queue/worker/outbox.ts'
import { type Contender, payloadOf } from './contender.ts'
import { announcementOf, CATALOGUE, NO_OP, OWNER, openQueue } from './open-queue.ts'

/** Our queue in the file `path`, with this process as its only worker: composed as a node does, its tool runs at once. */
export async function toolmesh(path: string, synchronous: 'full' | 'normal'): Promise<Contender> {
  const { queue, close } = await openQueue(path, synchronous)
  const runner = new AttemptRunner({
    instanceId: crypto.randomUUID(),
    execute: async () => ({}),
    hasNotRun: () => false,
    outbox: new MemoryOutbox(),
    clock: systemClock,
    catalogue: CATALOGUE,
    capacity: 0,
  })
  const link = ownWorker(OWNER, runner)
  const offer = (credits: number): void => {
    runner.setCapacity(credits)
    queue.announce(link, announcementOf(runner.instanceId, credits))
  }
  const numberOf = new Map<string, number>()
  /** Ended before all of their submit was acknowledged. */
  const early = new Set<string>()
  let done = (_number: number): void => {}
  return {
    async submit(numbers) {
      const requests = numbers.map(n => ({ tool: NO_OP.name, params: { ...payloadOf(n) } }))
      const receipts = await queue.submit('bench', requests)
      receipts.forEach((receipt, index) => {
        if ('error' in receipt) throw new Error(receipt.error.message)
        const number = numbers[index] ?? Number.NaN
        if (early.delete(receipt.task_id)) done(number)
        else numberOf.set(receipt.task_id, number)
      })
    },
    async work(concurrency, onDone) {
      done = onDone
      const unsubscribe = queue.onChange(({ task_id, state }) => {
        if (state !== 'succeeded') return
        const number = numberOf.get(task_id)
        if (number === undefined) early.add(task_id)
        else {
          numberOf.delete(task_id)
          onDone(number)
        }
      })
      offer(concurrency)
      return {
        async stop() {
          offer(0)
          unsubscribe()
        },
      }
    },
    close,
  }
}
