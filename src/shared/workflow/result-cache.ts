import type { CacheStore } from '../cache/cache-store.ts'
import type { ResultCache } from './ports.ts'
import type { Body } from './workflow.ts'

/** Of results that tools gave, in the cache. */
const NAMESPACE = 'tool-results'

/** Results of pure tools in a cache: those that are small enough to stand in a store; one that is a blob is not kept. */
export class CachedResults implements ResultCache {
  readonly #cache: Pick<CacheStore, 'get' | 'set'>

  constructor(cache: Pick<CacheStore, 'get' | 'set'>) {
    this.#cache = cache
  }

  async get(key: string): Promise<Body | undefined> {
    return (await this.#cache.get(NAMESPACE, key))?.value
  }

  async set(key: string, result: Body): Promise<void> {
    if (typeof result === 'string') await this.#cache.set(NAMESPACE, key, result)
  }
}
