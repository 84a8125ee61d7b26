import type { CacheLimits } from '../../../shared/cache/cache-store.ts'
import type { CacheCall } from '../queue/queue-thread-protocol.ts'
import type { CacheDatabase } from './cache-database.ts'
import { openCacheFile } from './cache-file.ts'

export interface CacheOptions {
  /** The file; made when it is not there. */
  path: string
  limits: CacheLimits
}

/** The cache in the thread of the stores: opened when it is asked for first. */
export class ServedCache {
  readonly #options: CacheOptions
  #database: CacheDatabase | undefined

  constructor(options: CacheOptions) {
    this.#options = options
  }

  serve(call: CacheCall): unknown {
    const { path, limits } = this.#options
    this.#database ??= openCacheFile(path, limits)
    const database = this.#database
    switch (call.cache) {
      case 'get':
        return database.get(...call.args)
      case 'has':
        return database.has(...call.args)
      case 'set':
        return database.set(...call.args)
      case 'delete':
        return database.delete(...call.args)
      case 'clear':
        return database.clear(...call.args)
      case 'stats':
        return database.stats()
    }
  }

  close(): void {
    this.#database?.close()
    this.#database = undefined
  }
}
