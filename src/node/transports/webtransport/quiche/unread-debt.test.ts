import { expect, it } from 'vitest'
import { MAX_DEBT_BYTES, UnreadDebt } from './unread-debt.ts'

const MIB = 1024 * 1024

it('lets through any amount of data that is read, as fast as it comes', () => {
  const debt = new UnreadDebt(0)
  for (let sent = 0; sent < 1024; sent += 1) {
    debt.received(1.03 * MIB)
    debt.read(MIB)
    expect(debt.isTooHigh(sent)).toBe(false)
  }
})

it('lets through the acknowledgements of any amount that is sent, and a week of signs of life', () => {
  const debt = new UnreadDebt(0)
  for (let sent = 0; sent < 1024; sent += 1) {
    debt.sent(MIB)
    debt.received(0.04 * MIB)
    expect(debt.isTooHigh(0)).toBe(false)
  }
  const everyFiveSeconds = Array.from({ length: 120_960 }, (_, beat) => beat * 5_000)
  const isEverTooHigh = everyFiveSeconds.some(now => {
    debt.received(60)
    return debt.isTooHigh(now)
  })
  expect(isEverTooHigh).toBe(false)
})

it('is too high for a peer that sends what no stream gives', () => {
  const debt = new UnreadDebt(0)
  debt.received(MAX_DEBT_BYTES)
  expect(debt.isTooHigh(0)).toBe(false)
  debt.received(1_000)
  expect(debt.isTooHigh(10)).toBe(true)
})
