/** Entry of a Web Worker that runs tools; started by web-worker-pool.ts. */
import '../zod-jitless.ts'
import { serveWorker } from '../../shared/router/worker-body.ts'

/** Every tool's module, each a chunk of its own that is fetched at its first call. */
const modules = import.meta.glob([
  '../../../tools/*/*.ts',
  '!../../../tools/fixtures/**',
  '!../../../tools/**/*.test.ts',
  '!../../../tools/**/*.node.ts',
])

serveWorker(
  {
    post: message => postMessage(message),
    onMessage: listener => addEventListener('message', event => listener(event.data)),
  },
  async module => {
    const load = modules[`../../../tools/${module}`]
    if (load === undefined) throw new Error('this build of the page does not hold it')
    return load()
  },
)
