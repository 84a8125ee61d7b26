import { z } from 'zod'
import type { Access } from './access.ts'

const KEY = 'toolmesh.bearer'

/** Part of `Storage`, so that a test can hand in its own. */
export type CredentialStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const redeemed = z.object({ token: z.string().min(1) })
const refusal = z.object({ message: z.string() })

/** The secret was not accepted; the message says why. */
export class SignInError extends Error {
  override name = 'SignInError'
}

/**
 * The bearer that this page presents to the node, kept for as long as the tab lives.
 * It is absent in local mode, where the node needs none.
 */
export class Credential {
  #storage: CredentialStorage
  #fetch: typeof fetch

  constructor(storage: CredentialStorage, fetcher: typeof fetch) {
    this.#storage = storage
    this.#fetch = fetcher
  }

  get bearer(): string | undefined {
    return this.#storage.getItem(KEY) ?? undefined
  }

  forget(): void {
    this.#storage.removeItem(KEY)
  }

  /** Takes what a person gave: a bearer is kept as it is, an invite's secret is exchanged for one. */
  async present(access: Access): Promise<void> {
    if (access.kind === 'bearer') this.#storage.setItem(KEY, access.secret)
    else await this.#redeem(access.secret)
  }

  /** @throws {SignInError} when the node refuses the secret or does not answer */
  async #redeem(secret: string): Promise<void> {
    const response = await this.#fetch('/auth/redeem', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ secret }),
    }).catch(() => {
      throw new SignInError('The node does not answer. Is it running?')
    })
    const body: unknown = await response.json().catch(() => null)
    if (!response.ok) throw new SignInError(reasonOf(response.status, body))
    const answer = redeemed.safeParse(body)
    if (!answer.success) throw new SignInError('The node gave an answer that this page does not understand.')
    this.#storage.setItem(KEY, answer.data.token)
  }
}

function reasonOf(status: number, body: unknown): string {
  if (status === 429) return 'Too many attempts. Wait a moment, then try again.'
  const told = refusal.safeParse(body)
  if (told.success) return told.data.message
  return 'This secret is not valid, has expired or was used up.'
}
