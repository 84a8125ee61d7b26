import { describe, expect, it } from 'vitest'
import { accessIn } from './access.ts'

const INVITE = 'abcdefghijklmnopqrstuv'
const BEARER = 'abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMN_0'

describe('accessIn', () => {
  it.each([
    `https://host/join#v1.${INVITE}.12D3KooWxyz`,
    `#v1.${INVITE}.12D3KooWxyz`,
    `#token.${INVITE}`,
    `  ${INVITE} `,
  ])('finds an invite in "%s"', text => {
    expect(accessIn(text)).toEqual({ kind: 'invite', secret: INVITE })
  })

  it('takes what is longer than an invite as a bearer', () => {
    expect(accessIn(BEARER)).toEqual({ kind: 'bearer', secret: BEARER })
    expect(accessIn(`https://host/#token.${BEARER}`)).toEqual({ kind: 'bearer', secret: BEARER })
  })

  it.each(['', '#tasks', '#v1.', '#v1.short.12D3KooW', 'https://host/join'])('finds none in "%s"', text => {
    expect(accessIn(text)).toBeUndefined()
  })
})
