/** What a person can sign in with. */
export interface Access {
  /** `invite`: a secret to redeem, as in a join or sign-in link. `bearer`: a token made for a client. */
  kind: 'invite' | 'bearer'
  secret: string
}

/** 16 bytes in base64url: an invite's secret. A bearer is longer. */
const INVITE_SECRET_CHARS = 22

/**
 * The access in what a person pasted or arrived with: a link or its fragment (`v1.<secret>.<peer id>`,
 * `token.<secret>`), or the bare secret. Undefined if there is none.
 */
export function accessIn(text: string): Access | undefined {
  const fragment = text.trim().split('#').at(-1) ?? ''
  const [first = '', second] = fragment.split('.')
  const secret = first === 'v1' || first === 'token' ? second : fragment
  if (secret === undefined || !/^[\w-]{22,128}$/.test(secret)) return undefined
  return { kind: secret.length === INVITE_SECRET_CHARS ? 'invite' : 'bearer', secret }
}
