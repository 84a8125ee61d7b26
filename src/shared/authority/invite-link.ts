import { InvalidInviteLinkError } from './errors.ts'

/** What an invite link tells: the secret, and the peer that may be told it. */
export interface InviteLink {
  secret: string
  peerId: string
  /** Origin of the page that the link opens; absent when only the fragment was given. */
  origin?: string
}

const SECRET = /^[A-Za-z0-9_-]{22}$/
const PEER_ID = /^[1-9A-HJ-NP-Za-km-z]{40,64}$/

/** The link that a person opens. The secret stands in the fragment, so that no server and no log sees it. */
export function formatInvite({ origin, secret, peerId }: Required<InviteLink>): string {
  return `${new URL('/join', origin).href}#v1.${secret}.${peerId}`
}

/** Reads an invite link or its fragment (`#v1.…` or `v1.…`). Throws `invalid_input`, without the secret in it. */
export function parseInvite(fragmentOrUrl: string): InviteLink {
  const text = fragmentOrUrl.trim()
  const hash = text.indexOf('#')
  const [version, secret, peerId, ...rest] = text.slice(hash + 1).split('.')
  if (hash === -1 && text.includes('/')) throw new InvalidInviteLinkError('it has nothing after a #')
  if (version !== 'v1') throw new InvalidInviteLinkError('its version is not v1')
  if (rest.length > 0) throw new InvalidInviteLinkError('it has more than three parts')
  if (secret === undefined || !SECRET.test(secret)) {
    throw new InvalidInviteLinkError('its secret is cut off or damaged (22 characters of base64url)')
  }
  if (peerId === undefined || !PEER_ID.test(peerId)) {
    throw new InvalidInviteLinkError('its peer id is cut off or damaged')
  }
  if (hash <= 0) return { secret, peerId }
  return { secret, peerId, origin: originOf(text.slice(0, hash)) }
}

function originOf(url: string): string {
  if (!URL.canParse(url)) throw new InvalidInviteLinkError('what stands before the # is not a URL')
  const { origin, protocol } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') {
    throw new InvalidInviteLinkError('it is neither https nor http')
  }
  return origin
}
