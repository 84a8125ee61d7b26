import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { headOf, lease, settle, submit } from '../../../shared/queue/states/commands.fixture.ts'
import { queueStoreCompliance } from '../../../shared/queue/store/queue-store.compliance.ts'
import { runs } from '../../test-runtime.fixture.ts'
import { openSqliteStores } from '../sqlite-stores.ts'

const openTasks = async (options: { path: string }) => (await openSqliteStores(options)).tasks

queueStoreCompliance('SqliteQueueStore', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'toolmesh-store-'))
  const store = await openTasks({ path: join(folder, 'tasks.db') })
  const dispose = async () => {
    await store.close()
    await rm(folder, { recursive: true })
  }
  return { store, dispose }
})

describe('the thread of a SqliteQueueStore', () => {
  it('that dies leaves a store that says so and refuses every call', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'toolmesh-store-'))
    const asked = vi.spyOn(Worker.prototype, 'ref')
    const store = await openTasks({ path: join(folder, 'tasks.db') })
    expect(store.failure).toBeUndefined()
    const counting = store.counts()
    const [thread] = asked.mock.contexts
    asked.mockRestore()
    if (thread instanceof Worker) await thread.terminate()
    await counting.catch(() => {})
    expect(store.failure).toMatch(/ended/)
    await expect(store.counts()).rejects.toMatchObject({ code: 'unavailable' })
    await store.close()
    await rm(folder, { recursive: true })
  })
})

describe('the file of a SqliteQueueStore', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'toolmesh-store-'))
    path = join(folder, 'tasks.db')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('holds everything after it was closed, and seq goes on', async () => {
    const first = await openTasks({ path })
    await first.apply([submit(headOf('t1')), lease('t1'), settle('t1', 1), submit(headOf('t2'))])
    const before = [await first.get('t1'), await first.get('t2'), await first.counts()]
    await first.close()
    const second = await openTasks({ path })
    expect([await second.get('t1'), await second.get('t2'), await second.counts()]).toEqual(before)
    expect((await second.apply([lease('t2')]))[0]).toMatchObject({ seq: 5, fence: 1 })
    await second.close()
  })

  it('is refused to a second opener while it is open', async () => {
    const first = await openTasks({ path })
    await expect(openTasks({ path })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/in use/),
    })
    await first.close()
    await (await openTasks({ path })).close()
  })

  it('is refused when a newer version wrote it, when it is damaged, or belongs to another program', async () => {
    await (await openTasks({ path })).close()
    const raw = new DatabaseSync(path)
    raw.exec('PRAGMA user_version = 99')
    raw.close()
    await expect(openTasks({ path })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/version 99/),
    })

    const damaged = join(folder, 'damaged.db')
    await writeFile(damaged, 'this is no database, whatever its name says'.repeat(100))
    await expect(openTasks({ path: damaged })).rejects.toMatchObject({ code: 'conflict' })

    const foreign = join(folder, 'foreign.db')
    const other = new DatabaseSync(foreign)
    other.exec('CREATE TABLE notes (text TEXT)')
    other.close()
    await expect(openTasks({ path: foreign })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/not a task store/),
    })
  })

  it('is its user alone, the log beside it too, also where it was open to others', async () => {
    await writeFile(path, '', { mode: 0o644 })
    const store = await openTasks({ path })
    await store.apply([submit(headOf('t1'))])
    const names = await readdir(folder)
    expect(names).toContain('tasks.db-wal')
    for (const name of names) expect((await stat(join(folder, name))).mode & 0o777, name).toBe(0o600)
    await store.close()
  })

  it('cannot be opened where nothing can be written', async () => {
    const nowhere = join(folder, 'missing', 'tasks.db')
    await expect(openTasks({ path: nowhere })).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('has every acknowledged task after its process was killed', async () => {
    const program = fileURLToPath(new URL('./submit-until-killed.fixture.ts', import.meta.url))
    const child = spawn(...runs(program, path), { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = new Promise(resolve => child.on('exit', (_code, signal) => resolve(signal)))
    const acknowledged: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line)
      if (acknowledged.length === 3_000) child.kill('SIGKILL')
    }
    expect(await exited).toBe('SIGKILL')
    // The last line may have been cut by the kill.
    const length = acknowledged[0]!.length
    const ids = acknowledged.filter(line => line.length === length)
    expect(ids.length).toBeGreaterThanOrEqual(3_000)

    const store = await openTasks({ path })
    const kept = new Set<string>()
    for (const { lane } of await store.lanes()) {
      for (const task of await store.waiting(lane, 0, 1_000_000)) kept.add(task.task_id)
    }
    expect(ids.filter(id => !kept.has(id))).toEqual([])
    await store.close()
  })
})
