import { describe, expect, it } from 'vitest'
import { simulate } from './simulate.ts'

const SMALL = { settleMs: 3 * 60_000, watchMs: 2 * 60_000, seekMs: 2 * 60_000 }

describe('a world of peers that come and go', () => {
  it('finds every tool, sends as many messages a peer however many there are, and ends every task once', async () => {
    const few = await simulate({ peers: 200, seed: 3, signed: true, ...SMALL })
    const many = await simulate({ peers: 500, seed: 3, signed: false, ...SMALL })
    for (const { churn, tasks, rareFoundMs, rareSought, popularFoundMs } of [few, many]) {
      expect(churn).toBeGreaterThan(0.1)
      expect(tasks.wrong).toBe(0)
      expect(tasks.succeeded).toBeGreaterThan(500)
      expect(tasks.delayed).toBeGreaterThan(0)
      expect(rareFoundMs).toHaveLength(rareSought)
      expect(popularFoundMs.length).toBeGreaterThan(10)
    }
    for (const kind of ['node', 'tab'] as const) {
      expect(many.perMinute[kind].messages / few.perMinute[kind].messages).toBeLessThan(1.3)
    }
  })

  it('is the same again with the same seed, and another one with another', async () => {
    const world = { peers: 200, signed: false, settleMs: 60_000, watchMs: 60_000, seekMs: 10_000 }
    const first = await simulate({ ...world, seed: 5 })
    expect(await simulate({ ...world, seed: 5 })).toEqual(first)
    expect(await simulate({ ...world, seed: 6 })).not.toEqual(first)
  })
})
