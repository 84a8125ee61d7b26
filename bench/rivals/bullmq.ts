/** `node bullmq.ts <socket> <server pid>`: BullMQ as a contender (take-steps.ts). */
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { type Contender, payloadOf } from '../queue/contender.ts'
import { takeSteps } from '../queue/take-steps.ts'

const [path = '', serverPid = ''] = process.argv.slice(2)
await takeSteps(bullmq(), Number(serverPid))

/** Completed jobs are removed at once, which is the least work that it can be asked for. */
function bullmq(): Contender {
  const name = 'no-op'
  const connection = () => new Redis({ path, maxRetriesPerRequest: null })
  const submitting = connection()
  const queue = new Queue(name, { connection: submitting, defaultJobOptions: { removeOnComplete: true } })
  return {
    submit(numbers) {
      const [only = 0] = numbers
      if (numbers.length === 1) return queue.add(name, payloadOf(only))
      return queue.addBulk(numbers.map(n => ({ name, data: payloadOf(n) })))
    },
    async work(concurrency, onDone) {
      const working = connection()
      const worker = new Worker(name, async () => ({}), { connection: working, concurrency })
      worker.on('completed', job => onDone(job.data.n))
      await worker.waitUntilReady()
      return {
        async stop() {
          await worker.close()
          working.disconnect()
        },
      }
    },
    async close() {
      await queue.close()
      submitting.disconnect()
    },
  }
}
