/** Entry of a worker thread that runs tools; started by thread-pool.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { serveWorker } from '../../shared/router/worker-body.ts'
import { importFrom } from './import-tool.ts'

const { root } = z.object({ root: z.string() }).parse(workerData)
const port = parentPort
if (port === null) throw new Error('thread-worker.ts is the entry of a worker thread and does nothing else')

serveWorker(
  {
    post: message => port.postMessage(message),
    onMessage: listener => port.on('message', listener),
  },
  importFrom(root),
)
