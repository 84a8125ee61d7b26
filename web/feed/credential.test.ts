import { describe, expect, it } from 'vitest'
import { Credential, type CredentialStorage, SignInError, secretIn } from './credential.ts'

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
    await credential.redeem('secret')
    expect(credential.bearer).toBe('abc')
    credential.forget()
    expect(credential.bearer).toBeUndefined()
  })

  it('says why the node refused a secret', async () => {
    const refused = new Credential(
      memoryStorage(),
      answering(401, { code: 'unauthenticated', message: 'expired' }),
    )
    await expect(refused.redeem('x')).rejects.toThrow(new SignInError('expired'))
    expect(refused.bearer).toBeUndefined()
  })

  it('does not keep an answer without a token', async () => {
    const odd = new Credential(memoryStorage(), answering(200, { ok: true }))
    await expect(odd.redeem('x')).rejects.toThrow(SignInError)
    expect(odd.bearer).toBeUndefined()
  })

  it('tells an unreachable node from a refused secret', async () => {
    const gone = new Credential(memoryStorage(), () => Promise.reject(new TypeError('Failed to fetch')))
    await expect(gone.redeem('x')).rejects.toThrow(/does not answer/)
  })
})

describe('secretIn', () => {
  it.each([
    ['https://host/join#v1.s3cretS3cretS3cretS3.12D3KooW', 's3cretS3cretS3cretS3'],
    ['#v1.abcdef.12D3KooW', 'abcdef'],
    ['#token.abcdef', 'abcdef'],
    ['  s3cretS3cretS3cretS3 ', 's3cretS3cretS3cretS3'],
  ])('finds the secret in %s', (text, secret) => {
    expect(secretIn(text)).toBe(secret)
  })

  it('finds none in an empty or unrelated fragment', () => {
    expect(secretIn('')).toBeUndefined()
    expect(secretIn('#tasks')).toBeUndefined()
    expect(secretIn('#v1.')).toBeUndefined()
  })
})
