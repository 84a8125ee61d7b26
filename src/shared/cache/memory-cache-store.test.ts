import { cacheStoreCompliance } from './cache-store.compliance.ts'
import { MemoryCacheStore } from './memory-cache-store.ts'

cacheStoreCompliance('MemoryCacheStore', async init => {
  const store = new MemoryCacheStore(init)
  return { store, dispose: () => store.close() }
})
