import type { Clock } from '../clock.ts'
import type {
  AuthorityState,
  AuthorityStore,
  GrantRecord,
  InviteRecord,
  TokenRecord,
} from './authority-store.ts'
import { CoalescedSave } from './coalesced-save.ts'
import {
  type CreatedInvite,
  type CreatedToken,
  checkedRoles,
  checkTtl,
  checkUses,
  DEFAULT_GRANT_TTL_MS,
  type InviteListing,
  type InviteRequest,
  type Redeemed,
  type TokenRequest,
} from './credentials.ts'
import { AuthorityFullError, InviteRefusedError, UnknownCredentialError } from './errors.ts'
import type { Principal, Role } from './principal.ts'
import { RedeemLimiter } from './redeem-limiter.ts'
import {
  hashSecret,
  ID_BYTES,
  INVITE_SECRET_BYTES,
  newSecret,
  type RandomFill,
  TOKEN_SECRET_BYTES,
} from './secret.ts'

export interface AuthorityLimits {
  /** Live invites, at most. */
  invites: number
  /** Live grants of all peers, at most. */
  grants: number
  /** Live bearer tokens, at most. */
  tokens: number
}

/** The state is held in memory and written whole, so it stays within a few megabytes. */
export const DEFAULT_AUTHORITY_LIMITS: AuthorityLimits = { invites: 1000, grants: 10_000, tokens: 10_000 }

export interface AuthorityParts {
  store: AuthorityStore
  clock: Clock
  random: RandomFill
  /** This node's own peer id: it is admin to itself. */
  ownPeerId: string
  limits?: Partial<AuthorityLimits>
}

/**
 * Who may do what: invites, the grants that peers redeem them for, and bearer tokens for HTTP. A peer id or a
 * token proves who asks; what it may do is only ever read here. Changes resolve when they are durable.
 */
export class Authority {
  readonly #store: AuthorityStore
  readonly #clock: Clock
  readonly #random: RandomFill
  readonly #limits: AuthorityLimits
  readonly #own: Principal
  readonly #ownPeerId: string
  readonly #limiter: RedeemLimiter
  readonly #saver: CoalescedSave
  /** By the hash of their secret. */
  readonly #invites = new Map<string, InviteRecord>()
  readonly #tokens = new Map<string, TokenRecord>()
  /** By peer id: one grant for each invite that the peer redeemed. */
  readonly #grants = new Map<string, GrantRecord[]>()
  readonly #revokedListeners = new Set<(peerId: string) => void>()
  #loading: Promise<void> | undefined

  constructor({ store, clock, random, ownPeerId, limits }: AuthorityParts) {
    this.#store = store
    this.#clock = clock
    this.#random = random
    this.#limits = { ...DEFAULT_AUTHORITY_LIMITS, ...limits }
    this.#ownPeerId = ownPeerId
    this.#own = { id: `peer:${ownPeerId}`, roles: new Set<Role>(['admin']) }
    this.#limiter = new RedeemLimiter(clock)
    this.#saver = new CoalescedSave(() => store.save(this.#state()))
  }

  /** Reads the store; until then nobody is granted anything. Every change waits for it. Throws what the store throws. */
  load(): Promise<void> {
    this.#loading ??= this.#store.load().then(state => {
      for (const invite of state?.invites ?? []) this.#invites.set(invite.secret_hash, invite)
      for (const token of state?.tokens ?? []) this.#tokens.set(token.token_hash, token)
      for (const grant of state?.grants ?? []) this.#addGrant(grant)
      this.#prune()
    })
    return this.#loading
  }

  /** Throws `invalid_input`, or `conflict` when too many are live. */
  async createInvite(request: InviteRequest): Promise<CreatedInvite> {
    await this.#ready()
    const { uses, name, ttl_ms, grant_ttl_ms = DEFAULT_GRANT_TTL_MS } = request
    const roles = checkedRoles(request.roles)
    checkTtl('ttl_ms', ttl_ms)
    checkTtl('grant_ttl_ms', grant_ttl_ms)
    checkUses(uses)
    if (this.#invites.size >= this.#limits.invites)
      throw new AuthorityFullError('invites', this.#limits.invites)

    const secret = newSecret(this.#random, INVITE_SECRET_BYTES)
    const invite: InviteRecord = {
      id: newSecret(this.#random, ID_BYTES),
      secret_hash: hashSecret(secret),
      roles,
      ...(name === undefined ? {} : { name }),
      created_ms: this.#clock.now(),
      expires_ms: this.#clock.now() + ttl_ms,
      uses,
      used: 0,
      grant_ttl_ms,
    }
    this.#invites.set(invite.secret_hash, invite)
    await this.#saver.save()
    return { id: invite.id, secret, roles, expires_at: iso(invite.expires_ms), uses }
  }

  /** Invites that can be redeemed or that still have live grants or tokens, oldest first. */
  async listInvites(): Promise<InviteListing[]> {
    await this.#ready()
    return [...this.#invites.values()].map(invite => ({
      id: invite.id,
      ...(invite.name === undefined ? {} : { name: invite.name }),
      roles: invite.roles,
      created_at: iso(invite.created_ms),
      expires_at: iso(invite.expires_ms),
      uses: invite.uses,
      used: invite.used,
      peers: this.#grantsOf(invite.id).map(grant => grant.peer_id),
    }))
  }

  /** Ends an invite, its grants and its tokens, then tells `onRevoked` for each peer. Throws `not_found`. */
  async revokeInvite(id: string): Promise<void> {
    await this.#ready()
    const invite = [...this.#invites.values()].find(each => each.id === id)
    if (invite === undefined) throw new UnknownCredentialError('invite', id)
    const peers = this.#grantsOf(id).map(grant => grant.peer_id)
    this.#invites.delete(invite.secret_hash)
    for (const token of [...this.#tokens.values()]) {
      if (token.invite_id === id) this.#tokens.delete(token.token_hash)
    }
    this.#keepGrants(grant => grant.invite_id !== id)
    for (const peerId of peers) for (const listener of this.#revokedListeners) listener(peerId)
    await this.#saver.save()
  }

  /**
   * Gives the peer what the invite says. A peer that redeemed the invite before gets its grant again and uses up
   * nothing. Throws `forbidden` for an invite that does not hold, `rate_limited` after too many of those.
   */
  async redeem(secret: string, peerId: string): Promise<Redeemed> {
    await this.#ready()
    const invite = this.#redeemable(secret, `peer ${peerId}`)
    const earlier = this.#grants.get(peerId)?.find(grant => grant.invite_id === invite.id)
    if (earlier !== undefined) {
      // It may be that the save of the first redeem failed: answer only when this one is durable.
      await this.#saver.save()
      return { roles: earlier.roles, expires_at: iso(earlier.expires_ms) }
    }
    if (this.#grantCount() >= this.#limits.grants) throw new AuthorityFullError('grants', this.#limits.grants)
    this.#useUp(invite, `peer ${peerId}`)
    const grant: GrantRecord = {
      peer_id: peerId,
      invite_id: invite.id,
      roles: invite.roles,
      created_ms: this.#clock.now(),
      expires_ms: this.#clock.now() + invite.grant_ttl_ms,
    }
    this.#addGrant(grant)
    await this.#saver.save()
    return { roles: grant.roles, expires_at: iso(grant.expires_ms) }
  }

  /**
   * Makes a bearer token by an invite; each uses up one use. `caller` is what refused tries are counted by,
   * for example an address. Throws as `redeem` does.
   */
  async redeemToken(secret: string, caller: string): Promise<CreatedToken> {
    await this.#ready()
    const invite = this.#redeemable(secret, `address ${caller}`)
    this.#checkRoomForToken()
    this.#useUp(invite, `address ${caller}`)
    return this.#addToken({ roles: invite.roles, ttl_ms: invite.grant_ttl_ms, invite_id: invite.id })
  }

  /** Makes a bearer token without an invite. Throws `invalid_input`, or `conflict` when too many are live. */
  async createToken({ roles, ttl_ms, name }: TokenRequest): Promise<CreatedToken> {
    await this.#ready()
    checkTtl('ttl_ms', ttl_ms)
    this.#checkRoomForToken()
    return this.#addToken({ roles: checkedRoles(roles), ttl_ms, ...(name === undefined ? {} : { name }) })
  }

  /** Ends one bearer token. Throws `not_found`. */
  async revokeToken(id: string): Promise<void> {
    await this.#ready()
    const token = [...this.#tokens.values()].find(each => each.id === id)
    if (token === undefined) throw new UnknownCredentialError('token', id)
    this.#tokens.delete(token.token_hash)
    await this.#saver.save()
  }

  /** Who an authenticated peer is here; undefined for one without a live grant. */
  principalOfPeer(peerId: string): Principal | undefined {
    if (peerId === this.#ownPeerId) return this.#own
    const live = this.#grants.get(peerId)?.filter(grant => this.#isLive(grant))
    if (live === undefined || live.length === 0) return undefined
    return { id: `peer:${peerId}`, roles: new Set(live.flatMap(grant => grant.roles)) }
  }

  /** Who holds this bearer token; undefined for one that is unknown, expired or revoked. */
  principalOfBearer(token: string): Principal | undefined {
    const record = this.#tokens.get(hashSecret(token))
    if (record === undefined || !this.#isLive(record)) return undefined
    return { id: `token:${record.id}`, roles: new Set(record.roles) }
  }

  /** Whether the peer may do more than identify itself. */
  isGranted(peerId: string): boolean {
    return this.principalOfPeer(peerId) !== undefined
  }

  /** Calls `listener` for each peer that lost a grant by a revoke; the returned function ends it. */
  onRevoked(listener: (peerId: string) => void): () => void {
    this.#revokedListeners.add(listener)
    return () => this.#revokedListeners.delete(listener)
  }

  async #ready(): Promise<void> {
    await this.load()
    this.#prune()
  }

  /** The invite of a secret, unless it is unknown or has expired. */
  #redeemable(secret: string, caller: string): InviteRecord {
    this.#limiter.check(caller)
    const invite = this.#invites.get(hashSecret(secret))
    if (invite !== undefined && this.#isLive(invite)) return invite
    this.#limiter.failed(caller)
    throw new InviteRefusedError(invite === undefined ? 'unknown or revoked' : 'expired')
  }

  #useUp(invite: InviteRecord, caller: string): void {
    if (invite.used >= invite.uses) {
      this.#limiter.failed(caller)
      throw new InviteRefusedError('used up')
    }
    invite.used += 1
  }

  #checkRoomForToken(): void {
    if (this.#tokens.size >= this.#limits.tokens) throw new AuthorityFullError('tokens', this.#limits.tokens)
  }

  async #addToken(given: {
    roles: Role[]
    ttl_ms: number
    name?: string
    invite_id?: string
  }): Promise<CreatedToken> {
    const { ttl_ms, ...rest } = given
    const token = newSecret(this.#random, TOKEN_SECRET_BYTES)
    const record: TokenRecord = {
      id: newSecret(this.#random, ID_BYTES),
      token_hash: hashSecret(token),
      ...rest,
      created_ms: this.#clock.now(),
      expires_ms: this.#clock.now() + ttl_ms,
    }
    this.#tokens.set(record.token_hash, record)
    await this.#saver.save()
    return { id: record.id, token, roles: record.roles, expires_at: iso(record.expires_ms) }
  }

  #isLive(record: { expires_ms: number }): boolean {
    return record.expires_ms > this.#clock.now()
  }

  #addGrant(grant: GrantRecord): void {
    this.#grants.set(grant.peer_id, [...(this.#grants.get(grant.peer_id) ?? []), grant])
  }

  #grantsOf(inviteId: string): GrantRecord[] {
    return [...this.#grants.values()].flat().filter(grant => grant.invite_id === inviteId)
  }

  #grantCount(): number {
    return this.#grants.values().reduce((sum, grants) => sum + grants.length, 0)
  }

  #keepGrants(keep: (grant: GrantRecord) => boolean): void {
    for (const [peerId, grants] of this.#grants) {
      const kept = grants.filter(keep)
      if (kept.length === 0) this.#grants.delete(peerId)
      else if (kept.length < grants.length) this.#grants.set(peerId, kept)
    }
  }

  /** Forgets what has expired; an invite stays while something that it gave lives, so that it can be revoked. */
  #prune(): void {
    for (const token of [...this.#tokens.values()]) {
      if (!this.#isLive(token)) this.#tokens.delete(token.token_hash)
    }
    this.#keepGrants(grant => this.#isLive(grant))
    for (const invite of [...this.#invites.values()]) {
      if (!this.#isLive(invite) && !this.#hasGiven(invite.id)) this.#invites.delete(invite.secret_hash)
    }
  }

  #hasGiven(inviteId: string): boolean {
    return (
      this.#tokens.values().some(token => token.invite_id === inviteId) || this.#grantsOf(inviteId).length > 0
    )
  }

  #state(): AuthorityState {
    return {
      version: 1,
      invites: [...this.#invites.values()],
      grants: [...this.#grants.values()].flat(),
      tokens: [...this.#tokens.values()],
    }
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
