import { describe, expect, it } from 'vitest'
import { throughputWindow } from './throughput-window.ts'

describe('throughputWindow', () => {
  it('is always sixty seconds long, with nothing before what is known', () => {
    const shown = throughputWindow([1, 2], 0, 0)
    expect(shown).toHaveLength(60)
    expect(shown.slice(-3)).toEqual([0, 1, 2])
    expect(throughputWindow(new Array(70).fill(3), 0, 0)).toEqual(new Array(60).fill(3))
  })

  it('moves on while no news comes, until everything is past', () => {
    expect(throughputWindow([5, 7], 1000, 3500).slice(-4)).toEqual([5, 7, 0, 0])
    expect(throughputWindow([5, 7], 0, 3_600_000)).toEqual(new Array(60).fill(0))
  })

  it('takes a clock that went back as no time', () => {
    expect(throughputWindow([5], 5000, 0).at(-1)).toBe(5)
  })
})
