import { blobStoreCompliance } from './blob-store.compliance.ts'
import { MemoryBlobStore } from './memory-blob-store.ts'

blobStoreCompliance('MemoryBlobStore', async () => ({
  store: new MemoryBlobStore(),
  dispose: async () => {},
}))
