import { expect, it } from 'vitest'
import { TwoGenerations } from './two-generations.ts'

it('holds the latest half of what it may hold, and never more than that', () => {
  const map = new TwoGenerations<number>(8)
  for (let key = 1; key <= 100; key++) {
    map.set(`${key}`, key)
    const held = Array.from({ length: key }, (_, index) => index + 1).filter(
      each => map.get(`${each}`) === each,
    )
    expect(held.length).toBeLessThanOrEqual(8)
    expect(held.slice(-4)).toEqual(
      Array.from({ length: Math.min(4, key) }, (_, index) => key - Math.min(4, key) + 1 + index),
    )
  }
})

it('gives the latest value of a key, and none after it was deleted', () => {
  const map = new TwoGenerations<number>(4)
  map.set('a', 1)
  map.set('b', 2)
  map.set('a', 3)
  expect(map.get('a')).toBe(3)
  map.delete('a')
  expect(map.get('a')).toBeUndefined()
})
