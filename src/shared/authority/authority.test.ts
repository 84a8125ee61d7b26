import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { ToolmeshError } from '../errors.ts'
import { Authority, type AuthorityParts, GRANT_SWEEP_MS } from './authority.ts'
import type { AuthorityState, AuthorityStore } from './authority-store.ts'
import { MemoryAuthorityStore } from './memory-authority-store.ts'
import { REDEEM_FAILURES_PER_WINDOW, REDEEM_WINDOW_MS } from './redeem-limiter.ts'

const HOUR = 3_600_000
let clock: ManualClock

beforeEach(() => {
  clock = new ManualClock()
})

function newAuthority(parts: Partial<AuthorityParts> = {}): Authority {
  return new Authority({
    store: new MemoryAuthorityStore(),
    clock,
    random: bytes => crypto.getRandomValues(bytes),
    ownPeerId: 'own',
    ...parts,
  })
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'ok',
    error => (error instanceof ToolmeshError ? error.code : String(error)),
  )
}

describe('an invite', () => {
  it('has 128 random bits and is listed without its secret', async () => {
    const authority = newAuthority()
    const { id, secret, ...rest } = await authority.createInvite({
      roles: ['work', 'work'],
      ttl_ms: HOUR,
      uses: 2,
      name: 'tabs',
    })
    expect(secret).toMatch(/^[\w-]{22}$/)
    expect(rest).toEqual({ roles: ['work'], expires_at: new Date(clock.now() + HOUR).toISOString(), uses: 2 })
    const list = await authority.listInvites()
    expect(list).toMatchObject([{ id, name: 'tabs', uses: 2, used: 0, peers: [] }])
    expect(JSON.stringify(list)).not.toContain(secret)
  })

  it('gives a peer its roles until the grant expires', async () => {
    const authority = newAuthority()
    const { secret } = await authority.createInvite({
      roles: ['work'],
      ttl_ms: HOUR,
      uses: 1,
      grant_ttl_ms: 2 * HOUR,
    })
    expect(authority.isGranted('a')).toBe(false)
    const grant = await authority.redeem(secret, 'a')
    expect(grant).toEqual({ roles: ['work'], expires_at: new Date(clock.now() + 2 * HOUR).toISOString() })
    expect(authority.principalOfPeer('a')).toEqual({ id: 'peer:a', roles: new Set(['work']) })
    await clock.advance(2 * HOUR - 1)
    expect(authority.isGranted('a')).toBe(true)
    await clock.advance(1)
    expect(authority.isGranted('a')).toBe(false)
  })

  it('names the peers whose grants expire, after a restart too', async () => {
    const store = new MemoryAuthorityStore()
    const before = newAuthority({ store })
    const request = { roles: ['work'], ttl_ms: HOUR, uses: 2, grant_ttl_ms: 2 * GRANT_SWEEP_MS } as const
    const { secret } = await before.createInvite(request)
    await before.redeem(secret, 'a')
    await clock.advance(GRANT_SWEEP_MS / 2)
    const after = newAuthority({ store })
    const lost: string[] = []
    after.onRevoked(peer => lost.push(peer))
    await after.load()
    await after.redeem(secret, 'b')
    await clock.advance(1.5 * GRANT_SWEEP_MS)
    expect([after.isGranted('a'), lost]).toEqual([false, []])
    await clock.advance(GRANT_SWEEP_MS / 2)
    expect([after.isGranted('b'), lost]).toEqual([false, ['a', 'b']])
  })

  it('joins the roles of all invites that a peer redeemed', async () => {
    const authority = newAuthority()
    const first = await authority.createInvite({ roles: ['work'], ttl_ms: HOUR, uses: 1 })
    const second = await authority.createInvite({ roles: ['submit'], ttl_ms: HOUR, uses: 1 })
    await authority.redeem(first.secret, 'a')
    await authority.redeem(second.secret, 'a')
    expect(authority.principalOfPeer('a')?.roles).toEqual(new Set(['work', 'submit']))
    await authority.revokeInvite(first.id)
    expect(authority.principalOfPeer('a')?.roles).toEqual(new Set(['submit']))
  })

  it('is refused when it has expired, and forgotten when nothing that it gave lives', async () => {
    const authority = newAuthority()
    const invite = { roles: ['read'], ttl_ms: HOUR, grant_ttl_ms: 3 * HOUR } as const
    const unused = await authority.createInvite({ ...invite, uses: 1 })
    const used = await authority.createInvite({ ...invite, uses: 2 })
    await authority.redeem(used.secret, 'a')
    await clock.advance(HOUR)
    expect(await codeOf(authority.redeem(used.secret, 'b'))).toBe('forbidden')
    expect(await codeOf(authority.redeemToken(unused.secret, '::1'))).toBe('forbidden')
    expect((await authority.listInvites()).map(each => each.id)).toEqual([used.id])
    await clock.advance(2 * HOUR)
    expect(await authority.listInvites()).toEqual([])
  })

  it('takes its grants and tokens with it when revoked, and names the peers', async () => {
    const authority = newAuthority()
    const invite = await authority.createInvite({ roles: ['work'], ttl_ms: HOUR, uses: 5 })
    const other = await authority.createInvite({ roles: ['work'], ttl_ms: HOUR, uses: 5 })
    await authority.redeem(invite.secret, 'a')
    await authority.redeem(invite.secret, 'b')
    await authority.redeem(other.secret, 'c')
    const { token } = await authority.redeemToken(invite.secret, '::1')
    const revoked: string[] = []
    const stop = authority.onRevoked(peer => revoked.push(peer))
    await authority.revokeInvite(invite.id)
    expect(revoked).toEqual(['a', 'b'])
    expect(['a', 'b', 'c'].map(peer => authority.isGranted(peer))).toEqual([false, false, true])
    expect(authority.principalOfBearer(token)).toBeUndefined()
    expect(await codeOf(authority.redeem(invite.secret, 'a'))).toBe('forbidden')
    expect(await codeOf(authority.revokeInvite(invite.id))).toBe('not_found')
    stop()
    await authority.revokeInvite(other.id)
    expect(revoked).toEqual(['a', 'b'])
  })

  it.each([
    { roles: [], ttl_ms: HOUR, uses: 1 },
    { roles: ['root' as 'read'], ttl_ms: HOUR, uses: 1 },
    { roles: ['read' as const], ttl_ms: 0, uses: 1 },
    { roles: ['read' as const], ttl_ms: Number.NaN, uses: 1 },
    { roles: ['read' as const], ttl_ms: HOUR, uses: 0 },
    { roles: ['read' as const], ttl_ms: HOUR, uses: 1.5 },
  ])('is refused when asked for as %j', async request => {
    expect(await codeOf(newAuthority().createInvite(request))).toBe('invalid_input')
  })
})

describe('redeeming', () => {
  it('never exceeds the uses, whoever redeems at once and however often', async () => {
    const peers = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 7 }), peers, async (uses, redeemers) => {
        const authority = newAuthority()
        const { secret } = await authority.createInvite({ roles: ['work'], ttl_ms: HOUR, uses })
        const codes = await Promise.all(redeemers.map(peer => codeOf(authority.redeem(secret, peer))))
        const granted = new Set(redeemers.filter(peer => authority.isGranted(peer)))
        expect(granted.size).toBe(Math.min(uses, new Set(redeemers).size))
        redeemers.forEach((peer, i) => {
          expect(codes[i] === 'ok').toBe(granted.has(peer))
        })
        const [listing] = await authority.listInvites()
        expect(listing).toMatchObject({ used: granted.size, peers: [...granted] })
      }),
    )
  })

  it('counts pages and peers together', async () => {
    const authority = newAuthority()
    const { secret } = await authority.createInvite({ roles: ['work'], ttl_ms: HOUR, uses: 3 })
    const pages = Array.from({ length: 5 }, (_, i) => codeOf(authority.redeemToken(secret, `10.0.0.${i}`)))
    const joins = Array.from({ length: 5 }, (_, i) => codeOf(authority.redeem(secret, `peer-${i}`)))
    const codes = await Promise.all([...pages, ...joins])
    expect(codes.filter(code => code === 'ok')).toHaveLength(3)
  })

  it('gives nothing by a revoked invite, wherever the revoke falls among the redeems', async () => {
    const step = fc.oneof(fc.constant('revoke' as const), fc.constantFrom('a', 'b', 'c'))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.boolean(), async (steps, persisted) => {
        const store = new MemoryAuthorityStore()
        const authority = newAuthority({ store })
        const { id, secret } = await authority.createInvite({ roles: ['work'], ttl_ms: HOUR, uses: 3 })
        await Promise.all(
          [...steps, 'revoke'].map(each =>
            codeOf(each === 'revoke' ? authority.revokeInvite(id) : authority.redeem(secret, each)),
          ),
        )
        const later = persisted ? newAuthority({ store }) : authority
        expect(await codeOf(later.redeem(secret, 'd'))).toBe('forbidden')
        expect(['a', 'b', 'c', 'd'].filter(peer => later.isGranted(peer))).toEqual([])
      }),
    )
  })

  it('is limited after too many refusals of one caller, until its window is over', async () => {
    const authority = newAuthority()
    const { secret } = await authority.createInvite({ roles: ['work'], ttl_ms: HOUR, uses: 1 })
    for (let i = 0; i < REDEEM_FAILURES_PER_WINDOW; i++) {
      expect(await codeOf(authority.redeem('guess', 'a'))).toBe('forbidden')
    }
    await clock.advance(1000)
    const refused = await authority.redeem(secret, 'a').catch(error => error.toFacts())
    expect(refused).toMatchObject({ code: 'rate_limited', retry_after_ms: REDEEM_WINDOW_MS - 1000 })
    expect(await codeOf(authority.redeem('guess', 'b'))).toBe('forbidden')
    await clock.advance(REDEEM_WINDOW_MS - 1000)
    expect(await codeOf(authority.redeem(secret, 'a'))).toBe('ok')
  })
})

describe('a bearer token', () => {
  it('is a caller with its roles until it expires or is revoked', async () => {
    const authority = newAuthority()
    const kept = await authority.createToken({ roles: ['read'], ttl_ms: HOUR, name: 'prometheus' })
    const gone = await authority.createToken({ roles: ['admin'], ttl_ms: HOUR })
    expect(kept.token).toMatch(/^[\w-]{43}$/)
    expect(authority.principalOfBearer(kept.token)).toEqual({
      id: `token:${kept.id}`,
      roles: new Set(['read']),
    })
    await authority.revokeToken(gone.id)
    expect(authority.principalOfBearer(gone.token)).toBeUndefined()
    expect(await codeOf(authority.revokeToken(gone.id))).toBe('not_found')
    await clock.advance(HOUR)
    expect(authority.principalOfBearer(kept.token)).toBeUndefined()
  })

  it('is listed without its secret while it is valid', async () => {
    const authority = newAuthority()
    const made = await authority.createToken({ roles: ['read'], ttl_ms: HOUR, name: 'ci' })
    const invite = await authority.createInvite({ roles: ['submit'], ttl_ms: HOUR, uses: 1 })
    const redeemed = await authority.redeemToken(invite.secret, '::1')
    const list = await authority.listTokens()
    expect(list).toMatchObject([
      { id: made.id, name: 'ci', roles: ['read'], expires_at: made.expires_at },
      { id: redeemed.id, invite_id: invite.id, roles: ['submit'] },
    ])
    expect(JSON.stringify(list)).not.toContain(made.token)
    await clock.advance(HOUR)
    expect((await authority.listTokens()).map(({ id }) => id)).toEqual([redeemed.id])
  })

  it('is named when it ends: revoked, with its invite, or expired', async () => {
    const authority = newAuthority()
    const ended: string[] = []
    const stop = authority.onTokenEnded(id => ended.push(id))
    const first = await authority.createToken({ roles: ['read'], ttl_ms: HOUR })
    await authority.revokeToken(first.id)
    const invite = await authority.createInvite({ roles: ['read'], ttl_ms: HOUR, uses: 1 })
    const second = await authority.redeemToken(invite.secret, '::1')
    await authority.revokeInvite(invite.id)
    const third = await authority.createToken({ roles: ['read'], ttl_ms: GRANT_SWEEP_MS / 2 })
    await clock.advance(GRANT_SWEEP_MS)
    expect(ended).toEqual([first, second, third].map(({ id }) => `token:${id}`))
    stop()
  })
})

describe('the authority', () => {
  it('is admin to itself and grants nothing before it has loaded', () => {
    const authority = newAuthority()
    expect(authority.principalOfPeer('own')?.roles).toEqual(new Set(['admin']))
    expect(authority.isGranted('other')).toBe(false)
  })

  it('holds no more invites, grants and tokens than its limits', async () => {
    const authority = newAuthority({ limits: { invites: 1, grants: 1, tokens: 1 } })
    const request = { roles: ['work'], ttl_ms: HOUR } as const
    const { secret } = await authority.createInvite({ ...request, uses: 10 })
    expect(await codeOf(authority.createInvite({ ...request, uses: 1 }))).toBe('conflict')
    expect(await codeOf(authority.redeem(secret, 'a'))).toBe('ok')
    expect(await codeOf(authority.redeem(secret, 'b'))).toBe('conflict')
    expect(await codeOf(authority.redeemToken(secret, '::1'))).toBe('ok')
    expect(await codeOf(authority.createToken(request))).toBe('conflict')
    expect(await authority.listInvites()).toMatchObject([{ used: 2 }])
    await clock.advance(HOUR)
    expect(await authority.listInvites()).toHaveLength(1)
  })

  it('saves once for all that waited, one save at a time, and outlives one that failed', async () => {
    const saves: AuthorityState[] = []
    const gates: PromiseWithResolvers<void>[] = []
    const store: AuthorityStore = {
      load: async () => undefined,
      save: state => {
        saves.push(structuredClone(state))
        const gate = Promise.withResolvers<void>()
        gates.push(gate)
        return gate.promise
      },
    }
    const authority = newAuthority({ store })
    await authority.load()
    const create = () => codeOf(authority.createToken({ roles: ['read'], ttl_ms: HOUR }))
    const first = create()
    await expect.poll(() => gates.length).toBe(1)
    const second = create()
    const third = create()
    await Promise.resolve()
    gates[0]?.reject(new Error('disk full'))
    expect(await first).toContain('disk full')
    await expect.poll(() => gates.length).toBe(2)
    gates[1]?.resolve()
    expect(await Promise.all([second, third])).toEqual(['ok', 'ok'])
    expect(saves.map(state => state.tokens.length)).toEqual([1, 3])
  })
})
