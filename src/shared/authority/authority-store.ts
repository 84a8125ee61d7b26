import { z } from 'zod'

const roles = z.array(z.enum(['read', 'work', 'submit', 'admin'])).min(1)
const hash = z.string().regex(/^[0-9a-f]{64}$/)
/** Milliseconds since the Unix epoch. */
const time = z.int().nonnegative()

/** An invite: only the hash of its secret is kept. */
export const inviteRecord = z.object({
  id: z.string().min(1),
  secret_hash: hash,
  roles,
  name: z.string().optional(),
  created_ms: time,
  expires_ms: time,
  /** How many peers or pages may redeem it, and how many have. */
  uses: z.int().positive(),
  used: z.int().nonnegative(),
  /** How long what it is redeemed for lasts, milliseconds. */
  grant_ttl_ms: z.int().positive(),
})

/** What redeeming an invite gave to a peer. */
export const grantRecord = z.object({
  peer_id: z.string().min(1),
  invite_id: z.string().min(1),
  roles,
  created_ms: time,
  expires_ms: time,
})

/** A bearer token: only its hash is kept. `invite_id` when an invite was redeemed for it. */
export const tokenRecord = z.object({
  id: z.string().min(1),
  token_hash: hash,
  roles,
  name: z.string().optional(),
  invite_id: z.string().optional(),
  created_ms: time,
  expires_ms: time,
})

/** Everything that an Authority keeps. */
export const authorityState = z.object({
  version: z.literal(1),
  invites: z.array(inviteRecord),
  grants: z.array(grantRecord),
  tokens: z.array(tokenRecord),
})

export type InviteRecord = z.infer<typeof inviteRecord>
export type GrantRecord = z.infer<typeof grantRecord>
export type TokenRecord = z.infer<typeof tokenRecord>
export type AuthorityState = z.infer<typeof authorityState>

/** Where an Authority keeps its state: few small records, written whole. */
export interface AuthorityStore {
  /** The state last saved, undefined when there is none yet. Throws for a damaged one and leaves it as it is. */
  load(): Promise<AuthorityState | undefined>
  /** Resolves when the state is durable. Never called while an earlier call is under way. */
  save(state: AuthorityState): Promise<void>
}
