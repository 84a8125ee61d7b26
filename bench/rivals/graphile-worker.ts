/** `node graphile-worker.ts <folder of the socket> <server pid>`: graphile-worker as a contender (take-steps.ts). */
import { EventEmitter } from 'node:events'
import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import pg from 'pg'
import { type Contender, payloadOf } from '../queue/contender.ts'
import { takeSteps } from '../queue/take-steps.ts'

/** Connections for its workers: more were no faster, as they share the machine with the server. */
const WORKER_CONNECTIONS = 16

/** Its documented way to add many in one statement. */
const ADD_JOBS = `SELECT graphile_worker.add_jobs(
  ARRAY(SELECT json_populate_recordset(NULL::graphile_worker.job_spec, $1::json)))`

const [host = '', serverPid = ''] = process.argv.slice(2)
await takeSteps(await graphileWorker(), Number(serverPid))

async function graphileWorker(): Promise<Contender> {
  const identifier = 'no_op'
  const logger = new Logger(() => () => {})
  const pool = (max: number) => new pg.Pool({ host, user: 'bench', database: 'postgres', max })
  const submitting = pool(8)
  const utils = await makeWorkerUtils({ pgPool: submitting, logger })
  await utils.migrate()
  return {
    submit(numbers) {
      const [only = 0] = numbers
      if (numbers.length === 1) return utils.addJob(identifier, payloadOf(only))
      const jobs = numbers.map(n => ({ identifier, payload: payloadOf(n) }))
      return submitting.query(ADD_JOBS, [JSON.stringify(jobs)])
    },
    async work(concurrency, onDone) {
      const events = new EventEmitter()
      events.on('job:complete', ({ job }) => onDone(job.payload.n))
      const working = pool(Math.min(concurrency, WORKER_CONNECTIONS) + 2)
      const runner = await run({
        pgPool: working,
        concurrency,
        logger,
        events,
        noHandleSignals: true,
        taskList: { [identifier]: async () => {} },
      })
      return {
        async stop() {
          await runner.stop()
          await working.end()
        },
      }
    },
    async close() {
      await utils.release()
      await submitting.end()
    },
  }
}
