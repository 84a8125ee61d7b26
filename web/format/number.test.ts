import { describe, expect, it } from 'vitest'
import { formatCount, formatRate } from './number.ts'
import { shortPeerId, shortTaskId } from './peer-id.ts'

describe('formatCount', () => {
  it('groups thousands and shortens what would not fit a tile', () => {
    expect(formatCount(1234)).toBe('1,234')
    expect(formatCount(123_400)).toBe('123.4K')
  })
})

describe('formatRate', () => {
  it('keeps one decimal for small rates', () => {
    expect(formatRate(0)).toBe('0')
    expect(formatRate(3.25)).toBe('3.3')
    expect(formatRate(42.2)).toBe('42')
  })
})

describe('short ids', () => {
  it('keep the end, and leave a short id whole', () => {
    expect(shortPeerId('12D3KooWGjMCwJ3fXq9LkP')).toBe('…3fXq9LkP')
    expect(shortPeerId('abc')).toBe('abc')
    expect(shortTaskId('3fXq9LkP-0198c1de-7f10-7000-8000-a1b2c3d4e5f6')).toBe('…a1b2c3d4e5f6')
  })
})
