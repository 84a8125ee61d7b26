import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '../../../shared/clock.ts'
import type { WorkflowStore } from '../../../shared/workflow/store/store.ts'
import {
  type BreakableStore,
  workflowStoreProperties,
} from '../../../shared/workflow/store/workflow-store.property.ts'
import { QueueDatabase } from '../queue/queue-database.ts'
import { openQueueFile } from '../queue/queue-file.ts'
import type {
  WorkflowArgs,
  WorkflowCall,
  WorkflowMethod,
  WorkflowValue,
} from '../queue/queue-thread-protocol.ts'
import { serveWorkflows } from './serve-workflows.ts'
import { SqliteWorkflowStore } from './sqlite-workflow-store.ts'

/** The store with its database in the same thread. */
class BreakableDatabase implements BreakableStore {
  readonly #folder = mkdtempSync(join(tmpdir(), 'toolmesh-workflows-'))
  #fails = false
  #open = this.#opened()

  get store(): WorkflowStore {
    return this.#open.store
  }

  failNext(): void {
    this.#fails = true
  }

  reopen(): void {
    this.#open.database.close()
    this.#open = this.#opened()
  }

  dispose(): void {
    this.#open.database.close()
    rmSync(this.#folder, { recursive: true })
  }

  #opened(): { database: QueueDatabase; store: WorkflowStore } {
    const db = openQueueFile({ path: join(this.#folder, 'tasks.db'), synchronous: 'normal' })
    const exec = db.exec.bind(db)
    db.exec = sql => {
      if (sql === 'COMMIT' && this.#fails) {
        this.#fails = false
        throw new Error('the disk is full')
      }
      exec(sql)
    }
    const database = new QueueDatabase(db)
    async function callWorkflows<M extends WorkflowMethod>(
      workflows: M,
      ...args: WorkflowArgs<M>
    ): Promise<WorkflowValue<M>> {
      const call = structuredClone({ id: 0, workflows, args }) as WorkflowCall
      return structuredClone(serveWorkflows(database, call)) as WorkflowValue<M>
    }
    return { database, store: new SqliteWorkflowStore({ callWorkflows }, new ManualClock()) }
  }
}

workflowStoreProperties('SqliteWorkflowStore', () => new BreakableDatabase(), 150)
