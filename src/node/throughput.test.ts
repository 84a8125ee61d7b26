import { expect, it } from 'vitest'
import { ManualClock } from '../shared/clock.ts'
import { Throughput } from './throughput.ts'

it('counts the last sixty seconds and forgets what is older', async () => {
  const clock = new ManualClock()
  const throughput = new Throughput(clock)
  throughput.count()
  throughput.count()
  await clock.advance(1000)
  throughput.count()
  expect(throughput.view().per_second.slice(-3)).toEqual([0, 2, 1])
  await clock.advance(59_000)
  expect(throughput.view().per_second[0]).toBe(1)
  await clock.advance(1000)
  expect(throughput.view().per_second.every(count => count === 0)).toBe(true)
  throughput.count()
  expect(throughput.view()).toMatchObject({ committed: 4 })
  expect(throughput.view().per_second.at(-1)).toBe(1)
})
