import { describe, expect, it } from 'vitest'
import { formatDuration, formatElapsed } from './duration.ts'

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [0.84, '0.8 ms'],
    [9.96, '10 ms'],
    [42.4, '42 ms'],
    [999.7, '1.0 s'],
    [3_240, '3.2 s'],
    [59_960, '1 m 00 s'],
    [245_000, '4 m 05 s'],
    [7_800_000, '2 h 10 m'],
    [273_600_000, '3 d 4 h'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('shows a clock that ran backwards as zero and no number as a dash', () => {
    expect(formatDuration(-5)).toBe('0 ms')
    expect(formatDuration(Number.NaN)).toBe('–')
  })
})

describe('formatElapsed', () => {
  it('counts whole seconds', () => {
    expect(formatElapsed(3_999)).toBe('3 s')
    expect(formatElapsed(245_900)).toBe('4 m 05 s')
    expect(formatElapsed(-1)).toBe('0 s')
  })
})
