import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RetryTokens, TOKEN_LIFE_MS } from './retry-token.ts'

const tokens = new RetryTokens(new Uint8Array(32).fill(7))
const here = { host: '192.0.2.1', port: 4433 }
const odcid = Uint8Array.from({ length: 12 }, (_, index) => index)
const now = 1_750_000_000_000

it('gives back the id that the client chose, to the same address, in time', () => {
  const token = tokens.mint(here, odcid, now)
  expect(Uint8Array.from(tokens.redeem(token, here, now + TOKEN_LIFE_MS) ?? [])).toEqual(odcid)
  expect(tokens.redeem(token, { ...here, port: 4434 }, now)).toBeUndefined()
  expect(tokens.redeem(token, { ...here, host: '192.0.2.2' }, now)).toBeUndefined()
  expect(tokens.redeem(token, here, now + TOKEN_LIFE_MS + 1)).toBeUndefined()
  expect(tokens.redeem(token, here, now - 1)).toBeUndefined()
  expect(new RetryTokens(new Uint8Array(32)).redeem(token, here, now)).toBeUndefined()
})

it('takes nothing that it did not make', () => {
  const token = tokens.mint(here, odcid, now)
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.nat({ max: token.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (other, at, flip) => {
        expect(tokens.redeem(other, here, now)).toBeUndefined()
        const changed = Buffer.from(token)
        changed[at] = (changed[at] ?? 0) ^ flip
        expect(tokens.redeem(changed, here, now)).toBeUndefined()
      },
    ),
  )
})
