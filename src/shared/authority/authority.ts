import type { Clock } from '../clock.ts'
import { AuthorityRecords } from './authority-records.ts'
import type { AuthorityStore, GrantRecord, InviteRecord, TokenRecord } from './authority-store.ts'
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
  type TokenListing,
  type TokenRequest,
} from './credentials.ts'
import { AuthorityFullError, InviteRefusedError, UnknownCredentialError } from './errors.ts'
import { type Principal, peerIdOf, type Role } from './principal.ts'
import { RedeemLimiter } from './redeem-limiter.ts'
import {
  hashSecret,
  INVITE_SECRET_BYTES,
  newId,
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

/** How often expired grants and tokens are looked for, milliseconds: a session outlives its own by no more than this. */
export const GRANT_SWEEP_MS = 30_000

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
  readonly #records: AuthorityRecords
  readonly #revokedListeners = new Set<(peerId: string) => void>()
  readonly #tokenEndedListeners = new Set<(principalId: string) => void>()
  #loading: Promise<void> | undefined
  #sweeping = false

  constructor({ store, clock, random, ownPeerId, limits }: AuthorityParts) {
    this.#store = store
    this.#clock = clock
    this.#random = random
    this.#limits = { ...DEFAULT_AUTHORITY_LIMITS, ...limits }
    this.#ownPeerId = ownPeerId
    this.#own = { id: `peer:${ownPeerId}`, roles: new Set<Role>(['admin']) }
    this.#limiter = new RedeemLimiter(clock)
    this.#records = new AuthorityRecords(clock)
    this.#saver = new CoalescedSave(() => store.save(this.#records.state()))
  }

  /** Reads the store; until then nobody is granted anything. Every change waits for it. Throws what the store throws. */
  load(): Promise<void> {
    this.#loading ??= this.#store.load().then(state => {
      if (state !== undefined) this.#records.restore(state)
      this.#sweepLater()
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
    this.#checkRoom('invites')

    const secret = newSecret(this.#random, INVITE_SECRET_BYTES)
    const invite: InviteRecord = {
      id: newId(this.#random),
      secret_hash: hashSecret(secret),
      roles,
      ...(name === undefined ? {} : { name }),
      created_ms: this.#clock.now(),
      expires_ms: this.#clock.now() + ttl_ms,
      uses,
      used: 0,
      grant_ttl_ms,
    }
    this.#records.addInvite(invite)
    await this.#saver.save()
    return { id: invite.id, secret, roles, expires_at: iso(invite.expires_ms), uses }
  }

  /** Invites that can be redeemed or that still have live grants or tokens, oldest first. */
  async listInvites(): Promise<InviteListing[]> {
    await this.#ready()
    return this.#records.invites().map(invite => ({
      id: invite.id,
      ...(invite.name === undefined ? {} : { name: invite.name }),
      roles: invite.roles,
      created_at: iso(invite.created_ms),
      expires_at: iso(invite.expires_ms),
      uses: invite.uses,
      used: invite.used,
      peers: this.#records.grantsOfInvite(invite.id).map(grant => grant.peer_id),
    }))
  }

  /** Ends an invite, its grants and its tokens, then tells `onRevoked` and `onTokenEnded`. Throws `not_found`. */
  async revokeInvite(id: string): Promise<void> {
    await this.#ready()
    const invite = this.#records.inviteOfId(id)
    if (invite === undefined) throw new UnknownCredentialError('invite', id)
    const grants = this.#records.grantsOfInvite(id)
    const tokens = this.#records.tokensOfInvite(id)
    this.#records.removeInvite(invite)
    this.#tellEnded({ grants, tokens })
    await this.#saver.save()
  }

  /**
   * Gives the peer what the invite says. A peer that redeemed the invite before gets its grant again and uses up
   * nothing. Throws `forbidden` for an invite that does not hold, `rate_limited` after too many of those.
   */
  async redeem(secret: string, peerId: string): Promise<Redeemed> {
    await this.#ready()
    const invite = this.#redeemable(secret, `peer ${peerId}`)
    const earlier = this.#records.liveGrantsOfPeer(peerId).find(grant => grant.invite_id === invite.id)
    if (earlier !== undefined) {
      // It may be that the save of the first redeem failed: answer only when this one is durable.
      await this.#saver.save()
      return { roles: earlier.roles, expires_at: iso(earlier.expires_ms) }
    }
    this.#checkRoom('grants')
    this.#useUp(invite, `peer ${peerId}`)
    const grant: GrantRecord = {
      peer_id: peerId,
      invite_id: invite.id,
      roles: invite.roles,
      created_ms: this.#clock.now(),
      expires_ms: this.#clock.now() + invite.grant_ttl_ms,
    }
    this.#records.addGrant(grant)
    this.#sweepLater()
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
    this.#checkRoom('tokens')
    this.#useUp(invite, `address ${caller}`)
    return this.#addToken({ roles: invite.roles, ttl_ms: invite.grant_ttl_ms, invite_id: invite.id })
  }

  /** Makes a bearer token without an invite. Throws `invalid_input`, or `conflict` when too many are live. */
  async createToken({ roles, ttl_ms, name }: TokenRequest): Promise<CreatedToken> {
    await this.#ready()
    checkTtl('ttl_ms', ttl_ms)
    this.#checkRoom('tokens')
    return this.#addToken({ roles: checkedRoles(roles), ttl_ms, ...(name === undefined ? {} : { name }) })
  }

  /** Live bearer tokens, oldest first. */
  async listTokens(): Promise<TokenListing[]> {
    await this.#ready()
    return this.#records.tokens().map(({ id, name, invite_id, roles, created_ms, expires_ms }) => ({
      id,
      ...(name === undefined ? {} : { name }),
      ...(invite_id === undefined ? {} : { invite_id }),
      roles,
      created_at: iso(created_ms),
      expires_at: iso(expires_ms),
    }))
  }

  /** Ends one bearer token, then tells `onTokenEnded`. Throws `not_found`. */
  async revokeToken(id: string): Promise<void> {
    await this.#ready()
    const token = this.#records.tokenOfId(id)
    if (token === undefined) throw new UnknownCredentialError('token', id)
    this.#records.removeToken(token)
    this.#tellEnded({ grants: [], tokens: [token] })
    await this.#saver.save()
  }

  /** Who an authenticated peer is here; undefined for one without a live grant. */
  principalOfPeer(peerId: string): Principal | undefined {
    if (peerId === this.#ownPeerId) return this.#own
    const live = this.#records.liveGrantsOfPeer(peerId)
    if (live.length === 0) return undefined
    return { id: `peer:${peerId}`, roles: new Set(live.flatMap(grant => grant.roles)) }
  }

  /** Who holds this bearer token; undefined for one that is unknown, expired or revoked. */
  principalOfBearer(token: string): Principal | undefined {
    const record = this.#records.liveTokenOfHash(hashSecret(token))
    if (record === undefined) return undefined
    return { id: principalIdOf(record), roles: new Set(record.roles) }
  }

  /**
   * Who a principal's id stands for now: what was left to be done in someone's name is done only while they may still
   * do it. Undefined when their grants or their token have ended, and for ids that are not given here (`local`).
   */
  principalOfId(id: string): Principal | undefined {
    const peerId = peerIdOf({ id })
    if (peerId !== undefined) return this.principalOfPeer(peerId)
    const token = this.#records.tokens().find(record => principalIdOf(record) === id)
    if (token === undefined || !this.#records.isLive(token)) return undefined
    return { id, roles: new Set(token.roles) }
  }

  /** Whether the peer may do more than identify itself. */
  isGranted(peerId: string): boolean {
    return this.principalOfPeer(peerId) !== undefined
  }

  /** Calls `listener` for each peer that lost a grant, revoked or expired; the returned function ends it. */
  onRevoked(listener: (peerId: string) => void): () => void {
    this.#revokedListeners.add(listener)
    return () => this.#revokedListeners.delete(listener)
  }

  /** Calls `listener` with the principal id of each bearer token that was revoked or expired; the returned function ends it. */
  onTokenEnded(listener: (principalId: string) => void): () => void {
    this.#tokenEndedListeners.add(listener)
    return () => this.#tokenEndedListeners.delete(listener)
  }

  async #ready(): Promise<void> {
    await this.load()
    this.#prune()
  }

  #prune(): void {
    this.#tellEnded(this.#records.prune())
  }

  /** Looks for expired grants and tokens from time to time while there are any. */
  #sweepLater(): void {
    const { grants, tokens } = this.#records.counts()
    if (this.#sweeping || grants + tokens === 0) return
    this.#sweeping = true
    this.#clock.after(GRANT_SWEEP_MS, () => {
      this.#sweeping = false
      this.#prune()
      this.#sweepLater()
    })
  }

  #tellEnded({ grants, tokens }: { grants: readonly GrantRecord[]; tokens: readonly TokenRecord[] }): void {
    const peerIds = new Set(grants.map(grant => grant.peer_id))
    for (const peerId of peerIds) for (const listener of this.#revokedListeners) listener(peerId)
    const principalIds = tokens.map(principalIdOf)
    for (const id of principalIds) for (const listener of this.#tokenEndedListeners) listener(id)
  }

  /** The invite of a secret, unless it is unknown or has expired. */
  #redeemable(secret: string, caller: string): InviteRecord {
    this.#limiter.check(caller)
    const invite = this.#records.inviteOfHash(hashSecret(secret))
    if (invite !== undefined && this.#records.isLive(invite)) return invite
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

  #checkRoom(kind: keyof AuthorityLimits): void {
    if (this.#records.counts()[kind] >= this.#limits[kind])
      throw new AuthorityFullError(kind, this.#limits[kind])
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
      id: newId(this.#random),
      token_hash: hashSecret(token),
      ...rest,
      created_ms: this.#clock.now(),
      expires_ms: this.#clock.now() + ttl_ms,
    }
    this.#records.addToken(record)
    this.#sweepLater()
    await this.#saver.save()
    return { id: record.id, token, roles: record.roles, expires_at: iso(record.expires_ms) }
  }
}

function principalIdOf({ id }: TokenRecord): string {
  return `token:${id}`
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
