import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { WorkflowFilter } from '../../../shared/workflow/store/store.ts'
import { WORKFLOW_STATES } from '../../../shared/workflow/workflow.ts'
import { openQueueFile } from '../queue/queue-file.ts'
import { WorkflowTables } from './workflow-tables.ts'

/** How SQLite says that it reads a large table as a whole, or sorts what it found. */
const WHOLE =
  /SCAN (workflows|w|o|workflow_origins|workflow_events|workflow_bodies|workflow_requests)$|TEMP B-TREE/
/** Once after opening. */
const ONCE = /count\(\*\) AS workflows/

it('no read of workflows goes through all of them or sorts them', () => {
  const texts = new Set<string>()
  const prepare = DatabaseSync.prototype.prepare
  const spy = vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (
    this: DatabaseSync,
    sql: string,
  ): StatementSync {
    texts.add(sql)
    return prepare.call(this, sql)
  })
  const folder = mkdtempSync(join(tmpdir(), 'toolmesh-plans-'))
  const db = openQueueFile({ path: join(folder, 'tasks.db'), synchronous: 'normal' })
  const tables = new WorkflowTables(db)
  const filters: Partial<WorkflowFilter>[] = [
    {},
    { name: 'flow' },
    { principal: 'alice', labels: { a: 'b' } },
    { parent: 'w1' },
    { states: ['failed'] },
    { states: [...WORKFLOW_STATES] },
  ]
  for (const order of ['newest', 'oldest'] as const) {
    for (const filter of filters) tables.list({ order, limit: 5, ...filter })
  }
  spy.mockRestore()

  const Plan = z.array(z.object({ detail: z.string() }))
  const bad: string[] = []
  for (const sql of texts) {
    if (!/^\s*(SELECT|WITH|UPDATE|DELETE)/.test(sql) || !sql.includes('workflow') || ONCE.test(sql)) continue
    const plan = Plan.parse(db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()).map(({ detail }) => detail)
    for (const detail of plan) if (WHOLE.test(detail)) bad.push(`${sql}\n  ${detail}`)
  }
  db.close()
  rmSync(folder, { recursive: true })
  expect(bad).toEqual([])
  expect(texts.size).toBeGreaterThan(40)
})
