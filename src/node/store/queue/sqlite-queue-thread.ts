/** The thread in which the task store's SQLite runs, so that an fsync never stalls the network. */
import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { factsOf, ToolmeshError } from '../../../shared/errors.ts'
import { ServedCache } from '../cache/serve-cache.ts'
import { serveWorkflows } from '../workflow/serve-workflows.ts'
import { commandsFromText } from './command-codec.ts'
import { QueueDatabase } from './queue-database.ts'
import { openQueueFile } from './queue-file.ts'
import {
  type CacheCall,
  OPENED,
  type ThreadCall,
  type ThreadRequest,
  type ThreadResponse,
} from './queue-thread-protocol.ts'
import { repliesToText } from './reply-codec.ts'

const Options = z.object({
  path: z.string(),
  synchronous: z.enum(['full', 'normal']),
  cache: z.object({
    path: z.string(),
    limits: z.object({ entries: z.int(), bytes: z.int(), entryBytes: z.int(), ttlMs: z.int() }),
  }),
})

const port = parentPort
if (port === null) throw new Error('sqlite-queue-thread is not a program: openSqliteStores starts it')

const answer = (id: number, run: () => unknown): void => {
  let response: ThreadResponse
  try {
    response = { id, value: run() }
  } catch (error) {
    response = { id, error: factsOf(error) }
  }
  port.postMessage(response)
}

answer(OPENED, () => {
  const { cache: cacheOptions, ...options } = Options.parse(workerData)
  const database = new QueueDatabase(openQueueFile(options))
  const cache = new ServedCache(cacheOptions)
  port.on('message', (request: ThreadRequest) => {
    if ('workflows' in request) {
      answer(request.id, () => serveWorkflows(database, request))
      return
    }
    if ('cache' in request) {
      answer(request.id, () => serveCache(cache, request))
      return
    }
    if (request.method === 'close') closeCache(cache)
    answer(request.id, () => serve(database, request))
    if (request.method === 'close') port.close()
  })
})

function serveCache(cache: ServedCache, call: CacheCall): unknown {
  try {
    return cache.serve(call)
  } catch (error) {
    throw new ToolmeshError('unavailable', `the cache does not work: ${error}`, { cause: error })
  }
}

function closeCache(cache: ServedCache): void {
  try {
    cache.close()
  } catch {
    // What it did not write can be made again.
  }
}

function serve(database: QueueDatabase, request: ThreadCall): unknown {
  switch (request.method) {
    case 'apply':
      return applyText(database, ...request.args)
    case 'get':
      return database.get(...request.args)
    case 'head':
      return database.head(...request.args)
    case 'result':
      return database.result(...request.args)
    case 'results':
      return database.results(...request.args)
    case 'list':
      return database.list(...request.args)
    case 'counts':
      return database.counts()
    case 'lanes':
      return database.lanes()
    case 'waiting':
      return database.waiting(...request.args)
    case 'due':
      return database.due(...request.args)
    case 'running':
      return database.running(...request.args)
    case 'events':
      return database.events(...request.args)
    case 'records':
      return database.records()
    case 'putRecord':
      return database.putRecord(...request.args)
    case 'prune':
      return database.prune(...request.args)
    case 'referred':
      return database.referred(...request.args)
    case 'blobs':
      return database.blobs(...request.args)
    case 'check':
      return database.check()
    case 'close':
      return database.close()
  }
}

function applyText(database: QueueDatabase, text: string): string {
  return repliesToText(database.apply(commandsFromText(text), text))
}
