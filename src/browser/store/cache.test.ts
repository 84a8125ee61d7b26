import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { cacheStoreCompliance } from '../../shared/cache/cache-store.compliance.ts'
import { ManualClock } from '../../shared/clock.ts'
import { IndexedDbCacheStore, TAB_CACHE_LIMITS } from './cache.ts'

let slots = 100

cacheStoreCompliance('IndexedDbCacheStore', async ({ clock, limits }) => {
  slots += 1
  const store = new IndexedDbCacheStore(slots, clock, limits)
  return { store, dispose: () => store.close() }
})

describe('the cache of a slot', () => {
  const clock = new ManualClock()
  const open = (slot: number, limits = {}) =>
    new IndexedDbCacheStore(slot, clock, { ...TAB_CACHE_LIMITS, ...limits })

  it('has what was set when the next tab takes the slot, and which of it was used last', async () => {
    const first = open(1)
    for (const key of ['a', 'b', 'c']) await first.set('n', key, `"${key}"`)
    await first.get('n', 'a')
    await first.close()
    const second = open(1, { entries: 3 })
    expect(await second.stats()).toMatchObject({ entries: 3, bytes: 9 })
    await second.set('n', 'd', '1')
    const there = await Promise.all(['a', 'b', 'c', 'd'].map(key => second.has('n', key)))
    expect(there).toEqual([true, false, true, true])
  })

  it('is its own', async () => {
    await open(2).set('n', 'k', '1')
    expect(await open(3).has('n', 'k')).toBe(false)
  })

  it('counts right when many write at once', async () => {
    const store = open(4, { entries: 5, bytes: 60 })
    await Promise.all(
      Array.from({ length: 40 }, (_, n) => store.set('n', `k${n % 8}`, JSON.stringify('x'.repeat(n % 20)))),
    )
    await Promise.all(Array.from({ length: 200 }, (_, n) => store.get('n', `k${n % 8}`)))
    const { entries, bytes } = await store.stats()
    const there = (await Promise.all(Array.from({ length: 8 }, (_, n) => store.get('n', `k${n}`)))).flatMap(
      found => (found === undefined ? [] : [found.value.length]),
    )
    expect({ entries, bytes }).toEqual({ entries: there.length, bytes: there.reduce((a, b) => a + b, 0) })
    expect(entries).toBeLessThanOrEqual(5)
    expect(bytes).toBeLessThanOrEqual(60)
  })

  it('says so when the browser gives no room, and changes nothing', async () => {
    const store = open(5)
    await store.set('n', 'k', '1')
    const put = IDBObjectStore.prototype.put
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('no room', 'QuotaExceededError')
    }
    try {
      await expect(store.set('n', 'k', '22')).rejects.toMatchObject({ code: 'unavailable' })
    } finally {
      IDBObjectStore.prototype.put = put
    }
    expect(await store.get('n', 'k')).toMatchObject({ value: '1' })
    expect(await store.stats()).toMatchObject({ entries: 1, bytes: 1 })
  })
})
