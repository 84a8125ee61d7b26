import { ManualClock } from '../../clock.ts'
import { MemoryQueueStore } from '../../queue/store/memory-queue-store.ts'
import { MemoryWorkflowStore } from './memory-workflow-store.ts'
import { workflowStoreCompliance } from './workflow-store.compliance.ts'

workflowStoreCompliance('MemoryWorkflowStore', async () => {
  const clock = new ManualClock()
  const store = new MemoryWorkflowStore({ clock })
  const tasks = new MemoryQueueStore(store)
  return { store, tasks, clock, dispose: () => tasks.close() }
})
