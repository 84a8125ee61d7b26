import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ToolmeshError } from '../errors.ts'
import { formatInvite, parseInvite } from './invite-link.ts'
import { hashSecret, newSecret } from './secret.ts'

const peerId = '12D3KooWGzBYVpLfLYbA9bLp3xEMPu3qRZ1gmqPCnbsVCXcn6YjD'
const secret = 'AbCdEfGhIjKlMnOpQrStU-'

describe('an invite link', () => {
  it('holds the secret in its fragment', () => {
    const link = formatInvite({ origin: 'https://mesh.example:8420', secret, peerId })
    expect(link).toBe(`https://mesh.example:8420/join#v1.${secret}.${peerId}`)
  })

  it('reads back what it was made of, whole or as its fragment alone', () => {
    const random = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(random, fc.webUrl({ withFragments: false }), (bytes, url) => {
        const origin = new URL(url).origin
        const made = newSecret(target => target.set(bytes), 16)
        const link = formatInvite({ origin, secret: made, peerId })
        expect(parseInvite(link)).toEqual({ origin, secret: made, peerId })
        const fragment = link.slice(link.indexOf('#'))
        expect(parseInvite(fragment)).toEqual({ secret: made, peerId })
        expect(parseInvite(` ${fragment.slice(1)}\n`)).toEqual({ secret: made, peerId })
      }),
    )
  })

  it.each([
    ['', 'version'],
    ['https://mesh.example/join', 'nothing after a #'],
    [`#v2.${secret}.${peerId}`, 'version'],
    [`#v1.${secret.slice(1)}.${peerId}`, 'secret'],
    [`#v1.${secret}`, 'peer id'],
    [`#v1.${secret}.${peerId.slice(0, 20)}`, 'peer id'],
    [`#v1.${secret}.${peerId}.x`, 'three parts'],
    [`mesh/join#v1.${secret}.${peerId}`, 'not a URL'],
    [`javascript:x#v1.${secret}.${peerId}`, 'neither https nor http'],
  ])('%j is refused, with the reason and without the secret', (text, reason) => {
    try {
      parseInvite(text)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(ToolmeshError)
      const facts = JSON.stringify((error as ToolmeshError).toFacts())
      expect(facts).toContain(reason)
      expect(facts).not.toContain(secret)
    }
  })
})

describe('a stored secret', () => {
  it('is its SHA-256 (FIPS 180-2 B.1)', () => {
    expect(hashSecret('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
})
