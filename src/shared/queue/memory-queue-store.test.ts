import { MemoryQueueStore } from './memory-queue-store.ts'
import { queueStoreCompliance } from './queue-store.compliance.ts'

queueStoreCompliance('MemoryQueueStore', async () => {
  const store = new MemoryQueueStore()
  return { store, dispose: () => store.close() }
})
