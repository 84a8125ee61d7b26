import { MemoryQueueStore } from './memory-queue-store.ts'
import { queueStoreCompliance } from './queue-store.compliance.ts'
import { queueStoreProperties } from './queue-store.property.ts'

const open = async () => {
  const store = new MemoryQueueStore()
  return { store, dispose: () => store.close() }
}

queueStoreCompliance('MemoryQueueStore', open)
queueStoreProperties('MemoryQueueStore', open, 500)
