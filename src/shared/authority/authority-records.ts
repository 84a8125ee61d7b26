import type { Clock } from '../clock.ts'
import type { AuthorityState, GrantRecord, InviteRecord, TokenRecord } from './authority-store.ts'

/** The live invites, grants and tokens of an Authority, found by what a caller shows. */
export class AuthorityRecords {
  readonly #clock: Clock
  /** By the hash of their secret. */
  readonly #invites = new Map<string, InviteRecord>()
  readonly #tokens = new Map<string, TokenRecord>()
  /** By peer id: one grant for each invite that the peer redeemed. */
  readonly #grants = new Map<string, GrantRecord[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Adds what was stored. */
  restore(state: AuthorityState): void {
    for (const invite of state.invites) this.addInvite(invite)
    for (const token of state.tokens) this.addToken(token)
    for (const grant of state.grants) this.addGrant(grant)
  }

  /** What is to be stored. */
  state(): AuthorityState {
    return {
      version: 1,
      invites: this.invites(),
      grants: this.#allGrants(),
      tokens: this.tokens(),
    }
  }

  counts(): { invites: number; grants: number; tokens: number } {
    return { invites: this.#invites.size, grants: this.#allGrants().length, tokens: this.#tokens.size }
  }

  isLive(record: { expires_ms: number }): boolean {
    return record.expires_ms > this.#clock.now()
  }

  addInvite(invite: InviteRecord): void {
    this.#invites.set(invite.secret_hash, invite)
  }

  addToken(token: TokenRecord): void {
    this.#tokens.set(token.token_hash, token)
  }

  addGrant(grant: GrantRecord): void {
    this.#grants.set(grant.peer_id, [...(this.#grants.get(grant.peer_id) ?? []), grant])
  }

  /** Oldest first; expired ones too, while something that they gave lives. */
  invites(): InviteRecord[] {
    return [...this.#invites.values()]
  }

  inviteOfHash(secretHash: string): InviteRecord | undefined {
    return this.#invites.get(secretHash)
  }

  inviteOfId(id: string): InviteRecord | undefined {
    return this.#invites.values().find(invite => invite.id === id)
  }

  /** Oldest first. */
  tokens(): TokenRecord[] {
    return [...this.#tokens.values()]
  }

  tokensOfInvite(inviteId: string): TokenRecord[] {
    return this.tokens().filter(token => token.invite_id === inviteId)
  }

  tokenOfId(id: string): TokenRecord | undefined {
    return this.#tokens.values().find(token => token.id === id)
  }

  liveTokenOfHash(tokenHash: string): TokenRecord | undefined {
    const token = this.#tokens.get(tokenHash)
    return token !== undefined && this.isLive(token) ? token : undefined
  }

  liveGrantsOfPeer(peerId: string): GrantRecord[] {
    return this.#grants.get(peerId)?.filter(grant => this.isLive(grant)) ?? []
  }

  grantsOfInvite(inviteId: string): GrantRecord[] {
    return this.#allGrants().filter(grant => grant.invite_id === inviteId)
  }

  /** Removes an invite with its grants and tokens. */
  removeInvite({ id, secret_hash }: InviteRecord): void {
    this.#invites.delete(secret_hash)
    this.#keepTokens(token => token.invite_id !== id)
    this.#keepGrants(grant => grant.invite_id !== id)
  }

  removeToken(token: TokenRecord): void {
    this.#tokens.delete(token.token_hash)
  }

  /**
   * Forgets what has expired; an invite stays while something that it gave lives, so that it can be revoked.
   * Returns what peers and tokens lost by it.
   */
  prune(): { grants: GrantRecord[]; tokens: TokenRecord[] } {
    const grants = this.#allGrants().filter(grant => !this.isLive(grant))
    const tokens = this.tokens().filter(token => !this.isLive(token))
    this.#keepTokens(token => this.isLive(token))
    this.#keepGrants(grant => this.isLive(grant))
    const giving = new Set([...this.tokens(), ...this.#allGrants()].map(given => given.invite_id))
    for (const invite of this.invites()) {
      if (!this.isLive(invite) && !giving.has(invite.id)) this.#invites.delete(invite.secret_hash)
    }
    return { grants, tokens }
  }

  #allGrants(): GrantRecord[] {
    return [...this.#grants.values()].flat()
  }

  #keepTokens(keep: (token: TokenRecord) => boolean): void {
    for (const token of this.tokens()) if (!keep(token)) this.removeToken(token)
  }

  #keepGrants(keep: (grant: GrantRecord) => boolean): void {
    for (const [peerId, grants] of this.#grants) {
      const kept = grants.filter(keep)
      if (kept.length === 0) this.#grants.delete(peerId)
      else if (kept.length < grants.length) this.#grants.set(peerId, kept)
    }
  }
}
