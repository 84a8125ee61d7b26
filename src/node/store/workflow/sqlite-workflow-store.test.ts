import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '../../../shared/clock.ts'
import { workflowStoreCompliance } from '../../../shared/workflow/store/workflow-store.compliance.ts'
import { openSqliteStores } from '../sqlite-stores.ts'

workflowStoreCompliance('SqliteWorkflowStore', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'toolmesh-workflows-'))
  const clock = new ManualClock()
  const { tasks, workflows } = await openSqliteStores({ path: join(folder, 'tasks.db'), clock })
  const dispose = async () => {
    await tasks.close()
    await rm(folder, { recursive: true })
  }
  return { store: workflows, tasks, clock, dispose }
})
