/** What is asked for and answered when invites and tokens are made; the shapes are those of the wire. */
import { InvalidInputError } from '../errors.ts'
import type { Role } from './principal.ts'

const DAY_MS = 86_400_000
/** Lifetimes beyond this are refused: what never ends is never looked at again. */
export const MAX_TTL_MS = 366 * DAY_MS
/** What an invite is redeemed for lasts this long unless the invite says otherwise. */
export const DEFAULT_GRANT_TTL_MS = 30 * DAY_MS
/** Most redeems that one invite may allow. */
export const MAX_INVITE_USES = 10_000

export interface InviteRequest {
  roles: readonly Role[]
  /** How long it can be redeemed, milliseconds, 1 to MAX_TTL_MS. */
  ttl_ms: number
  /** How many peers or pages may redeem it, 1 to MAX_INVITE_USES. */
  uses: number
  name?: string
  /** How long what it is redeemed for lasts, milliseconds; default DEFAULT_GRANT_TTL_MS. */
  grant_ttl_ms?: number
}

/** A new invite; the only time its secret is shown. */
export interface CreatedInvite {
  id: string
  secret: string
  roles: Role[]
  expires_at: string
  uses: number
}

/** An invite as it is listed. */
export interface InviteListing {
  id: string
  name?: string
  roles: Role[]
  created_at: string
  expires_at: string
  uses: number
  used: number
  /** Peers that hold a live grant by it. */
  peers: string[]
}

export interface TokenRequest {
  roles: readonly Role[]
  /** Milliseconds, 1 to MAX_TTL_MS. */
  ttl_ms: number
  name?: string
}

/** A new bearer token; the only time it is shown. */
export interface CreatedToken {
  id: string
  token: string
  roles: Role[]
  expires_at: string
}

/** A bearer token as it is listed, without its secret. */
export interface TokenListing {
  id: string
  name?: string
  /** The invite that was redeemed for it; absent for one that was made by hand. */
  invite_id?: string
  roles: Role[]
  created_at: string
  expires_at: string
}

export interface Redeemed {
  roles: Role[]
  expires_at: string
}

const ROLES: ReadonlySet<Role> = new Set(['read', 'work', 'submit', 'admin'])

/** The roles, each once. Throws `invalid_input` for none or an unknown one. */
export function checkedRoles(roles: readonly Role[]): Role[] {
  const distinct = [...new Set(roles)]
  if (distinct.length === 0 || distinct.some(role => !ROLES.has(role))) {
    throw new InvalidInputError('roles', roles, 'at least one of read, work, submit, admin')
  }
  return distinct
}

/** Throws `invalid_input` for a lifetime that is none. */
export function checkTtl(field: string, ttlMs: number): void {
  if (Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= MAX_TTL_MS) return
  throw new InvalidInputError(field, ttlMs, `an integer from 1 to ${MAX_TTL_MS} (milliseconds)`)
}

/** Throws `invalid_input` for a use count that is none. */
export function checkUses(uses: number): void {
  if (Number.isInteger(uses) && uses >= 1 && uses <= MAX_INVITE_USES) return
  throw new InvalidInputError('uses', uses, `an integer from 1 to ${MAX_INVITE_USES}`)
}
