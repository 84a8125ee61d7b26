/** The thread in which the task store's SQLite runs, so that an fsync never stalls the network. */
import { MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
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

/**
 * Requests come by a channel of their own and answers go by `parentPort`, which is no MessagePort under Deno: what
 * waits there could not be received at once.
 */
const Options = z.object({
  incoming: z.instanceof(MessagePort),
  path: z.string(),
  synchronous: z.enum(['full', 'normal']),
  cache: z.object({
    path: z.string(),
    limits: z.object({ entries: z.int(), bytes: z.int(), entryBytes: z.int(), ttlMs: z.int() }),
  }),
})

interface Parts {
  database: QueueDatabase
  cache: ServedCache
}

const { incoming, cache: cacheOptions, ...fileOptions } = Options.parse(workerData)

/** Requests in one transaction. */
const MOST_TOGETHER = 256

post(
  answerTo(OPENED, () => {
    const parts = {
      database: new QueueDatabase(openQueueFile(fileOptions)),
      cache: new ServedCache(cacheOptions),
    }
    incoming.on('message', (first: ThreadRequest) => serveAll(parts, first))
  }),
)

/** What waits besides is served with it, so that many changes cost one commit. */
function serveAll(parts: Parts, first: ThreadRequest): void {
  const requests: ThreadRequest[] = []
  for (let next: ThreadRequest | undefined = first; next !== undefined; next = nextWaiting()) {
    if (isClose(next)) {
      serveTogether(parts, requests)
      close(parts, next)
      return
    }
    requests.push(next)
    if (requests.length === MOST_TOGETHER) break
  }
  serveTogether(parts, requests)
}

function nextWaiting(): ThreadRequest | undefined {
  return receiveMessageOnPort(incoming)?.message
}

function serveTogether(parts: Parts, requests: readonly ThreadRequest[]): void {
  const calls = requests.map(request => () => answerTo(request.id, () => serve(parts, request)))
  const [only] = calls
  if (calls.length === 1 && only !== undefined) post(only())
  else parts.database.together(calls, post)
}

function close(parts: Parts, request: ThreadRequest): void {
  closeCache(parts.cache)
  post(answerTo(request.id, () => serve(parts, request)))
  incoming.close()
}

function isClose(request: ThreadRequest): boolean {
  return 'method' in request && request.method === 'close'
}

function answerTo(id: number, run: () => unknown): ThreadResponse {
  try {
    return { id, value: run() }
  } catch (error) {
    return { id, error: factsOf(error) }
  }
}

function post(response: ThreadResponse): void {
  parentPort?.postMessage(response)
}

function serve({ database, cache }: Parts, request: ThreadRequest): unknown {
  if ('workflows' in request) return serveWorkflows(database, request)
  if ('cache' in request) return serveCache(cache, request)
  return serveTasks(database, request)
}

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

function serveTasks(database: QueueDatabase, request: ThreadCall): unknown {
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
    case 'openByKey':
      return database.openByKey(...request.args)
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
