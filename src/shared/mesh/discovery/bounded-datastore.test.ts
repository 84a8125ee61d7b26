import { expect, it } from 'vitest'
import { BoundedDatastore } from './bounded-datastore.ts'

type Key = Parameters<BoundedDatastore['put']>[0]

/** All that the store asks of a key. */
const key = (name: string) => ({ toString: () => name }) as Key
const bytes = (size: number) => new Uint8Array(size)

it('holds no more entries than it may; what was written longest ago goes first', () => {
  const store = new BoundedDatastore({ entries: 2, bytes: 1000 })
  store.put(key('/a'), bytes(1))
  store.put(key('/b'), bytes(1))
  store.put(key('/a'), bytes(2))
  store.put(key('/c'), bytes(1))
  expect(['/a', '/b', '/c'].map(name => store.has(key(name)))).toEqual([true, false, true])
})

it('holds no more bytes than it may, keys counted, and counts what is deleted', () => {
  const store = new BoundedDatastore({ entries: 100, bytes: 100 })
  store.put(key('/a'), bytes(48))
  store.put(key('/b'), bytes(48))
  expect(store.has(key('/a'))).toBe(true)
  store.delete(key('/b'))
  store.put(key('/c'), bytes(48))
  expect(store.has(key('/a'))).toBe(true)
  store.put(key('/d'), bytes(1))
  expect([store.has(key('/a')), store.has(key('/c'))]).toEqual([false, true])
  store.put(key('/e'), bytes(200))
  expect(store.has(key('/e'))).toBe(false)
})
