/** `node pg-boss.ts <folder of the socket> <server pid>`: pg-boss as a contender (take-steps.ts). */
import PgBoss from 'pg-boss'
import { type Contender, payloadOf } from '../queue/contender.ts'
import { takeSteps } from '../queue/take-steps.ts'

/** At 256 tasks at once two loops share them; at fewer, one loop with all of them was faster than several. */
const loopsFor = (concurrency: number): number => (concurrency >= 256 ? 2 : 1)

const [host = '', serverPid = ''] = process.argv.slice(2)
await takeSteps(await pgBoss(), Number(serverPid))

/**
 * Its own `work` fetches one batch each half second, so that it neither comes near these figures nor answers at once:
 * here its `fetch` and `complete` go round without a pause, and wait for the next submit when nothing is left.
 */
async function pgBoss(): Promise<Contender> {
  const name = 'no-op'
  const boss = new PgBoss({
    host,
    user: 'bench',
    database: 'postgres',
    max: 10,
    supervise: false,
    schedule: false,
  })
  boss.on('error', error => process.stderr.write(`pg-boss: ${error}\n`))
  await boss.start()
  await boss.createQueue(name)
  let arrival = Promise.withResolvers<void>()
  const arrived = (): void => {
    arrival.resolve()
    arrival = Promise.withResolvers()
  }
  return {
    async submit(numbers) {
      const [only = 0] = numbers
      if (numbers.length === 1) await boss.send(name, payloadOf(only))
      else await boss.insert(numbers.map(n => ({ name, data: payloadOf(n) })))
      arrived()
    },
    async work(concurrency, onDone) {
      let stopped = false
      const loops = loopsFor(concurrency)
      const batchSize = Math.ceil(concurrency / loops)
      const loop = async (): Promise<void> => {
        while (!stopped) {
          const next = arrival.promise
          const jobs = await boss.fetch<{ n: number }>(name, { batchSize })
          if (jobs.length === 0) {
            await next
            continue
          }
          await boss.complete(
            name,
            jobs.map(job => job.id),
          )
          for (const job of jobs) onDone(job.data.n)
        }
      }
      const running = Promise.all(Array.from({ length: loops }, loop))
      return {
        async stop() {
          stopped = true
          arrived()
          await running
        },
      }
    },
    async close() {
      await boss.stop({ graceful: false })
    },
  }
}
