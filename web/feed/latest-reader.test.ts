import { describe, expect, it } from 'vitest'
import { LatestReader } from './latest-reader.ts'

describe('LatestReader', () => {
  it('answers a burst with one read in flight and one after it', async () => {
    const finish: (() => void)[] = []
    const reader = new LatestReader(() => new Promise<void>(resolve => finish.push(resolve)))
    reader.ask()
    reader.ask()
    reader.ask()
    expect(finish).toHaveLength(1)
    finish[0]!()
    await Promise.resolve()
    expect(finish).toHaveLength(2)
    finish[1]!()
    await new Promise(resolve => setImmediate(resolve))
    expect(finish).toHaveLength(2)
    reader.ask()
    expect(finish).toHaveLength(3)
  })
})
