import type { CacheStats, CacheStore } from '../../cache/cache-store.ts'
import { shallowJson } from '../../queue/requests/task-options.ts'
import type { Json } from '../../tools/tool.ts'

/** Before the namespaces of callers, so that none of them is one in which the node keeps something itself. */
const OF_CALLERS = 'user:'

export interface CachedJson {
  value: Json
  /** Epoch milliseconds. */
  expires_at: number
}

/**
 * A peer's cache as those who call it see it: JSON values in namespaces of their own. Limits, and which entries go first,
 * are the store's. Rejects with `invalid_input` for a value that is too large or nested too deeply, else as the store does.
 */
export class UsersCache {
  readonly #store: CacheStore

  constructor(store: CacheStore) {
    this.#store = store
  }

  async get(namespace: string, key: string): Promise<CachedJson | undefined> {
    const found = await this.#store.get(OF_CALLERS + namespace, key)
    return found === undefined ? undefined : { value: JSON.parse(found.value), expires_at: found.expires_at }
  }

  has(namespace: string, key: string): Promise<boolean> {
    return this.#store.has(OF_CALLERS + namespace, key)
  }

  /** When it ends, epoch milliseconds. */
  async set(namespace: string, key: string, value: Json, ttlMs?: number): Promise<number> {
    return this.#store.set(OF_CALLERS + namespace, key, shallowJson('/value', value) ?? 'null', ttlMs)
  }

  delete(namespace: string, key: string): Promise<boolean> {
    return this.#store.delete(OF_CALLERS + namespace, key)
  }

  clear(namespace: string): Promise<number> {
    return this.#store.clear(OF_CALLERS + namespace)
  }

  /** Of all that the peer caches, what it keeps for itself too. */
  stats(): Promise<CacheStats> {
    return this.#store.stats()
  }
}
