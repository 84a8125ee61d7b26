import { expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { taskIds } from './task-id.ts'

it('task ids hold the owner and a UUIDv7, are unique and sort by their making', async () => {
  const clock = new ManualClock()
  const next = taskIds('12D3KooWabcdefghijkl', clock, Math.random)
  const ids: string[] = []
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 5_000; n++) ids.push(next())
    await clock.advance(1)
  }
  expect(ids[0]).toMatch(/^efghijkl-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})
