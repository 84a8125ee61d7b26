import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as tasks from '../../../shared/queue/states/commands.fixture.ts'
import { appendTo, headOf, newWorkflow } from '../../../shared/workflow/store/workflow.fixture.ts'
import type { BodyKey } from '../../../shared/workflow/workflow.ts'
import { runs } from '../../test-runtime.fixture.ts'
import { openSqliteStores } from '../sqlite-stores.ts'

describe('workflows in the file of the tasks', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'toolmesh-workflows-'))
    path = join(folder, 'tasks.db')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('are there when it is opened again, and the engines of before are forgotten', async () => {
    const first = await openSqliteStores({ path })
    await first.workflows.renew({ engine_id: 'e1', node: 'n', draining: false }, 3_600_000)
    await first.workflows.create([newWorkflow('w1', { owner: 'e1' })])
    await first.workflows.append([appendTo(headOf('w1', { owner: 'e1' }))])
    const asked = await first.workflows.request('w1', { kind: 'cancel', by: 'bob', reason: '' })
    expect(await first.workflows.orphans(undefined, 10)).toEqual([])
    await first.tasks.close()
    const second = await openSqliteStores({ path })
    const head = headOf('w1', { owner: 'e1', seq: 2 })
    expect(await second.workflows.orphans(undefined, 10)).toEqual([head])
    expect(await second.workflows.events('w1', 0, 10)).toMatchObject({ last: 2 })
    expect(await second.workflows.requests('w1')).toMatchObject([{ id: asked }])
    await second.workflows.append([appendTo(head, {}, { requests_done: [asked] })])
    expect(await second.workflows.request('w1', { kind: 'cancel', by: 'bob', reason: '' })).toBeGreaterThan(
      asked,
    )
    await second.tasks.close()
  })

  it('keep nothing of a handover that the end of the process cut short', async () => {
    const first = await openSqliteStores({ path })
    const blob = { blob: 'cid', size: 1 }
    const begun = Promise.withResolvers<void>()
    void first.workflows
      .adopt(
        (async function* () {
          yield { head: headOf('w1'), bodies: [{ key: { of: 'result' } as const, body: blob }] }
          begun.resolve()
          await new Promise(() => {})
        })(),
      )
      .catch(() => {})
    await begun.promise
    expect(await first.workflows.referred(['cid'])).toEqual(['cid'])
    await first.tasks.close()
    const second = await openSqliteStores({ path })
    expect(await second.workflows.head('w1')).toBeUndefined()
    expect(await second.workflows.referred(['cid'])).toEqual([])
    await second.tasks.close()
  })

  it('of a newer version are refused', async () => {
    await (await openSqliteStores({ path })).tasks.close()
    const db = new DatabaseSync(path)
    db.exec('UPDATE workflow_schema SET version = 1000')
    db.close()
    await expect(openSqliteStores({ path })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('come to a file that was made before there were any', async () => {
    const first = await openSqliteStores({ path })
    await first.tasks.apply([tasks.submit(tasks.headOf('t1'))])
    await first.tasks.close()
    const db = new DatabaseSync(path)
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'workflow%'")
    for (const { name } of tables.all()) db.exec(`DROP TABLE ${name}`)
    db.close()
    const second = await openSqliteStores({ path })
    expect(await second.workflows.create([newWorkflow('w1')])).toEqual([{ created: true }])
    expect(await second.tasks.head('t1')).toMatchObject({ state: 'queued' })
    await second.tasks.close()
  })

  it('have every acknowledged append after the process was killed, and no half of one', async () => {
    const program = fileURLToPath(new URL('./append-until-killed.fixture.ts', import.meta.url))
    const child = spawn(...runs(program, path), { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = new Promise(resolve => child.on('exit', (_code, signal) => resolve(signal)))
    const acknowledged = new Map<string, number>()
    let lines = 0
    for await (const line of createInterface({ input: child.stdout })) {
      // The last line may have been cut by the kill.
      if (!line.endsWith(';')) continue
      const [id = '', seq = ''] = line.slice(0, -1).split(' ')
      acknowledged.set(id, Number(seq))
      lines += 1
      if (lines === 2_000) child.kill('SIGKILL')
    }
    expect(await exited).toBe('SIGKILL')
    expect(acknowledged.size).toBe(8)

    const { tasks, workflows } = await openSqliteStores({ path })
    for (const [id, seq] of acknowledged) {
      const head = await workflows.head(id)
      const kept = head?.seq ?? 0
      expect(kept).toBeGreaterThanOrEqual(seq)
      const events = (await workflows.events(id, 0, 100_000)).events
      expect(events.map(event => event.seq)).toEqual(Array.from({ length: kept }, (_, n) => n + 1))
      const keys = events.slice(1).map((event): BodyKey => {
        return { of: 'output', step: 's', generation: 1, item: event.seq }
      })
      expect(await workflows.bodies(id, keys)).toEqual(events.slice(1).map(event => `${event.seq}`))
      expect(await workflows.itemOutputs(id, { step: 's', generation: 1 }, kept + 1, 2)).toEqual([
        undefined,
        undefined,
      ])
    }
    await tasks.close()
  })
})
