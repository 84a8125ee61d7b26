import { beforeEach, describe, expect, it } from 'vitest'
import { alice, MeshToolsFixture, OWN_PEER_ID, reader, self } from './mesh-tools.fixture.ts'

let mesh: MeshToolsFixture

beforeEach(async () => {
  mesh = await MeshToolsFixture.open()
})

describe('invites, tokens and peers', () => {
  it('makes an invite link, lists it without its secret, and revokes it', async () => {
    const made = await mesh.call('p2p_invite_create', {
      roles: ['work', 'read'],
      ttl_s: 3600,
      uses: 3,
      name: 'demo',
    })
    expect(made).toMatchObject({ roles: ['work', 'read'], uses: 3 })
    expect(made.url).toMatch(
      new RegExp(`^http://127\\.0\\.0\\.1:8420/join#v1\\.[A-Za-z0-9_-]{22}\\.${OWN_PEER_ID}$`),
    )
    const expected = new Date(mesh.test.clock.now() + 3_600_000).toISOString()
    expect(made.expires_at).toBe(expected)
    const listed = await mesh.call('p2p_invite_list', {})
    expect(listed).toMatchObject({ invites: [{ id: made.id, name: 'demo', uses: 3, used: 0, peers: [] }] })
    expect(JSON.stringify(listed)).not.toContain(String(made.url).split('.').at(-2))
    expect(await mesh.call('p2p_invite_revoke', { id: made.id ?? '' })).toEqual({
      id: made.id,
      revoked: true,
    })
    expect(await mesh.call('p2p_invite_list', {})).toEqual({ invites: [] })
    expect(await mesh.call('p2p_invite_revoke', { id: 'gone' })).toMatchObject({ code: 'not_found' })
  })

  it('names what is wrong with an invite that cannot be made', async () => {
    expect(await mesh.call('p2p_invite_create', { roles: ['god'] })).toMatchObject({
      field: '/roles/0',
      value: 'god',
    })
    expect(await mesh.call('p2p_invite_create', { ttl_s: 1, ttl_ms: 1 })).toMatchObject({ field: '/ttl_ms' })
    expect(await mesh.call('p2p_invite_create', { uses: 0 })).toMatchObject({ field: '/uses' })
  })

  it('is for admins, except to see peers', async () => {
    const admins = ['p2p_invite_create', 'p2p_invite_list', 'p2p_invite_revoke', 'p2p_peer_connect']
    for (const name of [...admins, 'p2p_token_create', 'p2p_token_list', 'p2p_token_revoke']) {
      await expect(mesh.answer(name, {}, alice)).rejects.toMatchObject({
        code: 'forbidden',
      })
    }
    expect(await mesh.call('p2p_peer_list', {}, reader)).toEqual({ peers: [self], total: 1 })
  })

  it('makes a token, lists it without its secret, and revokes it', async () => {
    const made = await mesh.call('p2p_token_create', { name: 'ci' })
    expect(made).toMatchObject({ token: expect.any(String), roles: ['read', 'submit'] })
    const listed = await mesh.call('p2p_token_list', {})
    expect(listed).toMatchObject({ tokens: [{ id: made.id, name: 'ci', roles: ['read', 'submit'] }] })
    expect(JSON.stringify(listed)).not.toContain(made.token)
    expect(await mesh.call('p2p_token_revoke', { id: made.id ?? '' })).toEqual({ id: made.id, revoked: true })
    expect(await mesh.call('p2p_token_list', {})).toEqual({ tokens: [] })
    expect(await mesh.call('p2p_token_revoke', { id: made.id ?? '' })).toMatchObject({ code: 'not_found' })
  })

  it('hands an invite to what connects', async () => {
    const invite = `http://127.0.0.1:1/join#v1.${'a'.repeat(22)}.${OWN_PEER_ID}`
    expect(await mesh.call('p2p_peer_connect', { invite })).toMatchObject({ peer_id: OWN_PEER_ID })
    expect(await mesh.call('p2p_peer_connect', { invite: 'nonsense' })).toMatchObject({
      code: 'invalid_input',
    })
  })
})
