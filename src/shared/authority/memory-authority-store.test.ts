import { authorityStoreCompliance } from './authority-store.compliance.ts'
import { MemoryAuthorityStore } from './memory-authority-store.ts'

authorityStoreCompliance('memory', async () => {
  const store = new MemoryAuthorityStore()
  return () => store
})
