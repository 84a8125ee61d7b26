import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cacheStoreCompliance } from '../../../shared/cache/cache-store.compliance.ts'
import { openSqliteStores } from '../sqlite-stores.ts'

cacheStoreCompliance('SqliteCacheStore', async ({ clock, limits }) => {
  const folder = await mkdtemp(join(tmpdir(), 'toolmesh-cache-'))
  const { cache, tasks } = await openSqliteStores({
    path: join(folder, 'tasks.db'),
    clock,
    cacheLimits: limits,
  })
  const dispose = async () => {
    await tasks.close()
    await rm(folder, { recursive: true })
  }
  return { store: cache, dispose }
})

describe('the file of a SqliteCacheStore', () => {
  let folder: string
  const open = (cacheLimits = {}) => openSqliteStores({ path: join(folder, 'tasks.db'), cacheLimits })

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'toolmesh-cache-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('has what was set when it is opened again, and which of it was used last', async () => {
    const first = await open()
    for (const key of ['a', 'b', 'c']) await first.cache.set('n', key, `"${key}"`)
    await first.cache.get('n', 'a')
    await first.tasks.close()
    expect((await stat(join(folder, 'cache.db'))).mode & 0o777).toBe(0o600)
    const second = await open({ entries: 3 })
    expect(await second.cache.stats()).toMatchObject({ entries: 3, bytes: 9 })
    await second.cache.set('n', 'd', '1')
    const there = await Promise.all(['a', 'b', 'c', 'd'].map(key => second.cache.has('n', key)))
    expect(there).toEqual([true, false, true, true])
    await second.tasks.close()
  })

  it('that is damaged is made anew, and the tasks are not touched', async () => {
    await writeFile(join(folder, 'cache.db'), 'no database, but long enough to be looked at'.repeat(100))
    const { cache, tasks } = await open()
    await cache.set('n', 'k', '1')
    expect(await cache.get('n', 'k')).toMatchObject({ value: '1' })
    expect(tasks.failure).toBeUndefined()
    await tasks.close()
  })
})
