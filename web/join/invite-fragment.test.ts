import { describe, expect, it } from 'vitest'
import { inviteIn } from './invite-fragment.ts'

describe('inviteIn', () => {
  it('finds the invite of a join link', () => {
    expect(inviteIn('#v1.Ab-_9.12D3KooWxyz')).toBe('v1.Ab-_9.12D3KooWxyz')
  })

  it.each(['', '#', '#tasks', '#v1.only', '#v2.a.b', '#v1.a.b.c'])('finds none in "%s"', hash => {
    expect(inviteIn(hash)).toBeUndefined()
  })
})
