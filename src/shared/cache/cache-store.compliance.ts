import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import type { CacheLimits, CacheStore } from './cache-store.ts'

export interface CacheUnderTest {
  store: CacheStore
  /** Frees what the test's cache used. */
  dispose(): Promise<void>
}

const LIMITS: CacheLimits = { entries: 4, bytes: 100, entryBytes: 60, ttlMs: 10_000 }

/** What every driver of CacheStore holds. Call it in the driver's test file. */
export function cacheStoreCompliance(
  name: string,
  open: (init: { clock: ManualClock; limits: CacheLimits }) => Promise<CacheUnderTest>,
): void {
  describe(`${name} as a CacheStore`, () => {
    let store: CacheStore
    let clock: ManualClock
    let dispose: () => Promise<void>

    beforeEach(async () => {
      clock = new ManualClock()
      const opened = await open({ clock, limits: LIMITS })
      store = opened.store
      dispose = opened.dispose
    })
    afterEach(() => dispose())

    const cachedAt = async (namespace: string, key: string) => (await store.get(namespace, key))?.value
    const keysOf = async (...keys: string[]) => {
      const there = await Promise.all(keys.map(key => store.has('n', key)))
      return keys.filter((_, at) => there[at])
    }

    it('gives back what was set, by namespace and key, and replaces it', async () => {
      expect(await store.get('n', 'k')).toBeUndefined()
      expect(await store.set('n', 'k', '{"a":"ü"}')).toBe(clock.now() + 10_000)
      await store.set('m', 'k', '2')
      expect(await store.get('n', 'k')).toEqual({ value: '{"a":"ü"}', expires_at: clock.now() + 10_000 })
      expect(await cachedAt('m', 'k')).toBe('2')
      await store.set('n', 'k', '3')
      expect(await cachedAt('n', 'k')).toBe('3')
      expect(await store.has('n', 'k')).toBe(true)
      expect(await store.has('n', 'other')).toBe(false)
      expect(await store.stats()).toMatchObject({ entries: 2, bytes: 2, hits: 3, misses: 1, evictions: 0 })
    })

    it('deletes one, or a namespace', async () => {
      for (const key of ['a', 'b']) await store.set('n', key, '1')
      await store.set('m', 'a', '1')
      expect(await store.delete('n', 'a')).toBe(true)
      expect(await store.delete('n', 'a')).toBe(false)
      expect(await store.clear('n')).toBe(1)
      expect(await store.clear('n')).toBe(0)
      expect(await store.has('m', 'a')).toBe(true)
      expect(await store.stats()).toMatchObject({ entries: 1, bytes: 1 })
    })

    it('forgets what has lived its time, which the limit bounds', async () => {
      await store.set('n', 'short', '1', 1_000)
      await store.set('n', 'usual', '1')
      expect(await store.set('n', 'long', '1', 1_000_000)).toBe(clock.now() + 10_000)
      await clock.advance(999)
      expect(await keysOf('short', 'usual', 'long')).toEqual(['short', 'usual', 'long'])
      await clock.advance(1)
      expect(await keysOf('short', 'usual', 'long')).toEqual(['usual', 'long'])
      expect(await store.get('n', 'short')).toBeUndefined()
      expect(await store.delete('n', 'short')).toBe(false)
      await clock.advance(9_000)
      expect(await keysOf('usual', 'long')).toEqual([])
    })

    it('holds so many entries, the least recently used go first', async () => {
      for (const key of ['a', 'b', 'c', 'd']) await store.set('n', key, '1')
      await store.get('n', 'a')
      await store.has('n', 'b')
      await store.set('n', 'c', '2')
      await store.set('n', 'e', '1')
      expect(await keysOf('a', 'b', 'c', 'd', 'e')).toEqual(['a', 'c', 'd', 'e'])
      await store.set('n', 'f', '1')
      expect(await keysOf('a', 'c', 'd', 'e', 'f')).toEqual(['a', 'c', 'e', 'f'])
      expect(await store.stats()).toMatchObject({ entries: 4, evictions: 2 })
    })

    it('holds so many bytes of UTF-8', async () => {
      const value = (letters: number) => JSON.stringify('ü'.repeat(letters))
      await store.set('n', 'a', value(20))
      await store.set('n', 'b', value(20))
      expect(await store.stats()).toMatchObject({ entries: 2, bytes: 84 })
      await store.set('n', 'c', value(10))
      expect(await keysOf('a', 'b', 'c')).toEqual(['b', 'c'])
      await store.set('n', 'b', value(1))
      expect(await store.stats()).toMatchObject({ entries: 2, bytes: 26 })
      await expect(store.set('n', 'c', value(30))).rejects.toMatchObject({
        code: 'invalid_input',
        details: { field: '/value' },
      })
      expect(await cachedAt('n', 'c')).toBe(value(10))
    })

    it('refuses names that are none and times that have passed', async () => {
      for (const bad of ['', 'x'.repeat(513), '\ud800']) {
        await expect(store.get(bad, 'k')).rejects.toMatchObject({ details: { field: '/namespace' } })
        await expect(store.set('n', bad, '1')).rejects.toMatchObject({ details: { field: '/key' } })
      }
      for (const ttl of [0, -1, Number.NaN])
        await expect(store.set('n', 'k', '1', ttl)).rejects.toMatchObject({ details: { field: '/ttl_ms' } })
      expect(await store.stats()).toMatchObject({ entries: 0 })
    })

    it('is of no use when it is closed', async () => {
      await store.close()
      await expect(store.get('n', 'k')).rejects.toMatchObject({ code: 'unavailable' })
      await expect(store.set('n', 'k', '1')).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}
