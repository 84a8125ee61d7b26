import { expect, it } from 'vitest'
import { MemoryCacheStore } from '../cache/memory-cache-store.ts'
import { ManualClock } from '../clock.ts'
import { CachedResults } from './result-cache.ts'

it('results are kept by their keys, but for those that are blobs', async () => {
  const cache = new MemoryCacheStore({ clock: new ManualClock() })
  const results = new CachedResults(cache)
  await results.set('small', '{"ok":true}')
  await results.set('large', { blob: 'cid', size: 5_000_000 })
  expect(await results.get('small')).toBe('{"ok":true}')
  expect(await results.get('large')).toBeUndefined()
  expect(await cache.stats()).toMatchObject({ entries: 1 })
})
