import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { expect, it, vi } from 'vitest'
import { z } from 'zod'
import { AT, headOf, submit } from '../../../shared/queue/states/commands.fixture.ts'
import type { TaskFilter } from '../../../shared/queue/store/store.ts'
import { TASK_STATES } from '../../../shared/queue/task.ts'
import { QueueDatabase } from './queue-database.ts'
import { openQueueFile } from './queue-file.ts'

/** How SQLite says that it reads a large table as a whole, or sorts what it found. */
const WHOLE = /SCAN (tasks|t|requests|r|results|labels|blobs|logs)\b|TEMP B-TREE/
/** Counts of lanes and workflows, once after opening; ended tasks to forget, and their blobs: so many at once. */
const BOUNDED = /coalesce\(waiting|count\(\*\) AS workflows|UNION ALL|DISTINCT cid FROM blobs WHERE n IN/

it('no read of tasks goes through all of them or sorts them', () => {
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
  const database = new QueueDatabase(db)
  database.apply([submit(headOf('t1', { labels: { a: 'b' } }))])
  const some: Partial<TaskFilter> = { tool: 'work', principal: 'alice', labels: { a: 'b' }, created_from: AT }
  for (const order of ['newest', 'oldest'] as const) {
    for (const sort of ['created', 'ended'] as const) {
      database.list({ order, sort, limit: 5 })
      database.list({ order, sort, limit: 5, ...some })
      database.list({ order, sort, limit: 5, states: [...TASK_STATES] })
      database.list({ order, sort, limit: 5, states: ['running'] })
    }
  }
  spy.mockRestore()

  const Plan = z.array(z.object({ detail: z.string() }))
  const bad: string[] = []
  for (const sql of texts) {
    if (!/^\s*(SELECT|UPDATE|DELETE)/.test(sql) || BOUNDED.test(sql)) continue
    const plan = Plan.parse(db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()).map(({ detail }) => detail)
    for (const detail of plan) if (WHOLE.test(detail)) bad.push(`${sql}\n  ${detail}`)
  }
  database.close()
  rmSync(folder, { recursive: true })
  expect(bad).toEqual([])
  expect(texts.size).toBeGreaterThan(40)
})
