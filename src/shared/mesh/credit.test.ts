import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CreditLedger, CreditWindow } from './credit.ts'

const WINDOW = 2 * 1024 * 1024
const FRAME = 256 * 1024

describe('credit', () => {
  it('never lets more than the window be unacknowledged', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: FRAME }), { maxLength: 60 }), frames => {
        const window = new CreditWindow(WINDOW)
        for (const bytes of frames) {
          if (window.admits(bytes, 0)) window.sent(bytes)
          expect(window.outstanding).toBeLessThanOrEqual(WINDOW)
        }
      }),
    )
  })

  it('keeps part of the window for those that may use it', () => {
    const window = new CreditWindow(WINDOW)
    while (window.admits(FRAME, FRAME)) window.sent(FRAME)
    expect(window.outstanding).toBe(WINDOW - FRAME)
    expect(window.admits(FRAME, 0)).toBe(true)
  })

  it('always comes back: what a receiver may leave unacknowledged never fills the window', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: FRAME }), { minLength: 1, maxLength: 200 }), frames => {
        const window = new CreditWindow(WINDOW)
        const ledger = new CreditLedger(WINDOW, FRAME, bytes => window.acknowledged(bytes))
        ledger.agree()
        for (const bytes of frames) {
          expect(window.admits(bytes, 576 * 1024)).toBe(true)
          window.sent(bytes)
          ledger.taken(bytes)
        }
      }),
    )
  })

  it('takes the smaller of two windows, and none from a peer that gives no credit', () => {
    const small = new CreditWindow(WINDOW)
    small.agree(1000)
    small.sent(500)
    expect(small.admits(501, 0)).toBe(false)
    const free = new CreditWindow(WINDOW)
    free.agree(Number.POSITIVE_INFINITY)
    free.sent(100 * WINDOW)
    expect(free.admits(FRAME, 0)).toBe(true)
  })

  it('acknowledges what was taken before both sides agreed', () => {
    const acknowledged: number[] = []
    const ledger = new CreditLedger(800, 800, bytes => acknowledged.push(bytes))
    ledger.taken(150)
    expect(acknowledged).toEqual([])
    ledger.agree()
    ledger.taken(50)
    expect(acknowledged).toEqual([150])
  })

  it('refuses a sender that does not keep to the window', () => {
    const ledger = new CreditLedger(1000, 500, () => {})
    ledger.arrived(1500)
    expect(() => ledger.arrived(1)).toThrow(expect.objectContaining({ code: 'rate_limited' }))
  })
})
