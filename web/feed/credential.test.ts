import { describe, expect, it } from 'vitest'
import { Credential, type CredentialStorage, SignInError } from './credential.ts'

const INVITE = 'abcdefghijklmnopqrstuv'
const BEARER = 'abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMN_0'

function memoryStorage(): CredentialStorage {
  const values = new Map<string, string>()
  return {
    getItem: key => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: key => void values.delete(key),
  }
}

function answering(status: number, body: unknown): typeof fetch {
  return async () => Response.json(body, { status })
}

describe('Credential', () => {
  it('keeps the bearer that a secret was exchanged for, until it is forgotten', async () => {
    const credential = new Credential(memoryStorage(), answering(200, { token: 'abc', roles: ['read'] }))
    expect(credential.bearer).toBeUndefined()
    await credential.present({ kind: 'invite', secret: INVITE })
    expect(credential.bearer).toBe('abc')
    credential.forget()
    expect(credential.bearer).toBeUndefined()
  })

  it('keeps a bearer as it is', async () => {
    const credential = new Credential(memoryStorage(), () => Promise.reject(new Error('not asked')))
    await credential.present({ kind: 'bearer', secret: BEARER })
    expect(credential.bearer).toBe(BEARER)
  })

  it('says why the node refused a secret', async () => {
    const refused = new Credential(
      memoryStorage(),
      answering(401, { code: 'unauthenticated', message: 'expired' }),
    )
    await expect(refused.present({ kind: 'invite', secret: INVITE })).rejects.toThrow(
      new SignInError('expired'),
    )
    expect(refused.bearer).toBeUndefined()
  })

  it('does not keep an answer without a token', async () => {
    const odd = new Credential(memoryStorage(), answering(200, { ok: true }))
    await expect(odd.present({ kind: 'invite', secret: INVITE })).rejects.toThrow(SignInError)
    expect(odd.bearer).toBeUndefined()
  })

  it('tells an unreachable node from a refused secret', async () => {
    const gone = new Credential(memoryStorage(), () => Promise.reject(new TypeError('Failed to fetch')))
    await expect(gone.present({ kind: 'invite', secret: INVITE })).rejects.toThrow(/does not answer/)
  })
})
