import { beforeEach, describe, expect, it } from 'vitest'
import { ToolmeshError } from '../../errors.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { admin, alice, bob, MeshToolsFixture, OWN_PEER_ID, reader } from '../mesh-tools.fixture.ts'
import { principalWith } from '../text-tools.fixture.ts'

const OTHER = '12D3KooWRBhwfeP2Y9CDkFRBAZ1pmxUadH36TKuk3KtKm5XXP8mA'

let mesh: MeshToolsFixture
beforeEach(async () => {
  mesh = await MeshToolsFixture.open()
})

const call = (name: string, input: JsonObject, principal = alice) =>
  mesh.call(`p2p_cache_${name}`, input, principal)

describe('the cache', () => {
  it('keeps any JSON value by namespace and key, for all who may use it', async () => {
    for (const value of [{ a: [1, 'ü', null] }, 'text', 0, false, null, []]) {
      const { expires_at } = await call('set', { namespace: 'n', key: 'k', value })
      const expected = new Date(mesh.test.clock.now() + 30 * 86_400_000).toISOString()
      expect(expires_at).toBe(expected)
      const found = { peer_id: OWN_PEER_ID, found: true, value, expires_at: expected }
      expect(await call('get', { namespace: 'n', key: 'k' }, bob)).toEqual(found)
    }
    expect(await call('get', { key: 'k' })).toEqual({ peer_id: OWN_PEER_ID, found: false })
    expect(await call('has', { namespace: 'n', key: 'k' }, reader)).toMatchObject({ found: true })
    expect(await call('has', { key: 'k', peer_id: OWN_PEER_ID })).toMatchObject({ found: false })
  })

  it('forgets what has lived its time', async () => {
    await call('set', { key: 'k', value: 1, ttl_ms: 1_000 })
    await mesh.test.clock.advance(999)
    expect(await call('get', { key: 'k' })).toMatchObject({ value: 1 })
    await mesh.test.clock.advance(1)
    expect(await call('get', { key: 'k' })).toMatchObject({ found: false })
  })

  it('deletes one entry, or a namespace', async () => {
    for (const key of ['a', 'b', 'c']) await call('set', { namespace: 'n', key, value: key })
    await call('set', { key: 'a', value: 1 })
    expect(await call('delete', { namespace: 'n', key: 'a' })).toMatchObject({ deleted: 1 })
    expect(await call('delete', { namespace: 'n', key: 'a' })).toMatchObject({ deleted: 0 })
    expect(await call('delete', { namespace: 'n', all: true })).toMatchObject({ deleted: 2 })
    expect(await call('stats', {}, reader)).toMatchObject({ entries: 1, bytes: 1, evictions: 0 })
  })

  it('keeps callers out of what the node caches for itself', async () => {
    await mesh.cacheStore.set('tool-results', 'k', '"of the node"')
    expect(await call('get', { namespace: 'tool-results', key: 'k' })).toMatchObject({ found: false })
    await call('set', { namespace: 'tool-results', key: 'k', value: 'of a caller' })
    expect(await call('delete', { namespace: 'tool-results', all: true })).toMatchObject({ deleted: 1 })
    expect(await mesh.cacheStore.get('tool-results', 'k')).toMatchObject({ value: '"of the node"' })
  })

  it.each<[string, JsonObject, string]>([
    ['get', {}, '/key'],
    ['get', { key: '' }, '/key'],
    ['get', { key: 'k'.repeat(513) }, '/key'],
    ['get', { key: '\ud800' }, '/key'],
    ['has', { key: 5 }, '/key'],
    ['get', { key: 'k', namespace: '' }, '/namespace'],
    ['set', { key: 'k' }, '/value'],
    ['set', { key: 'k', value: 1, ttl_ms: 0 }, '/ttl_ms'],
    ['set', { key: 'k', value: 1, ttl_ms: 1.5 }, '/ttl_ms'],
    ['set', { key: 'k', value: 'x'.repeat(1024 * 1024) }, '/value'],
    ['set', { key: 'k', value: JSON.parse(`${'['.repeat(300)}${']'.repeat(300)}`) }, '/value'],
    ['delete', {}, '/key'],
    ['delete', { key: 'k', all: true }, '/all'],
    ['delete', { all: false }, '/all'],
    ['get', { key: 'k', peer_id: 'nobody' }, '/peer_id'],
    ['stats', { peer_id: '' }, '/peer_id'],
    ['stats', { peer_id: 5 }, '/peer_id'],
    ['stats', { peer: OTHER }, '/peer'],
  ])('%s %j is refused by the name of its field', async (name, input, field) => {
    expect(await call(name, input)).toMatchObject({
      code: 'invalid_input',
      field,
      allowed: expect.any(String),
    })
    expect(await call('stats', {})).toMatchObject({ entries: 0 })
  })

  it('is read by readers, and written by submitters', async () => {
    const strangers = [principalWith('peer:x', 'work'), principalWith('token:none')]
    const readers = [admin, alice, reader]
    const writers = [admin, alice]
    const may = { get: readers, has: readers, stats: readers, set: writers, delete: writers }
    for (const [name, those] of Object.entries(may)) {
      for (const each of [admin, alice, reader, ...strangers]) {
        const answer = mesh.answer(`p2p_cache_${name}`, { no_such_parameter: 1 }, each)
        if (those.includes(each)) expect(await answer).toMatchObject({ isError: true })
        else await expect(answer).rejects.toMatchObject({ code: 'forbidden' })
      }
    }
  })
})

describe('the cache of another peer', () => {
  it('is asked for by its peer id, in the name of this node', async () => {
    const asked: unknown[] = []
    mesh.callPeer = async (...[peerId, tool, input, { timeoutMs }]) => {
      asked.push([peerId, tool, input, timeoutMs])
      return { peer_id: OTHER, found: true, value: 7, expires_at: '2027-01-01T00:00:00.000Z' }
    }
    const found = await call('get', { key: 'k', peer_id: OTHER })
    expect(found).toMatchObject({ peer_id: OTHER, value: 7 })
    expect(asked).toEqual([[OTHER, 'p2p_cache_get', { key: 'k' }, 15_000]])
    await call('set', { key: 'k', value: 1 })
    expect(asked).toHaveLength(1)
  })

  it('gives what that peer refuses, that it cannot be reached, or that it answers nonsense', async () => {
    expect(await call('set', { key: 'k', value: 1, peer_id: OTHER })).toMatchObject({
      code: 'unavailable',
      retryable: true,
    })
    mesh.callPeer = () =>
      Promise.reject(new ToolmeshError('forbidden', 'p2p_cache_set needs the role submit'))
    const refused = mesh.answer('p2p_cache_set', { key: 'k', value: 1, peer_id: OTHER }, alice)
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' })
    mesh.callPeer = async () => ({ found: 'perhaps' })
    expect(await call('has', { key: 'k', peer_id: OTHER })).toMatchObject({ code: 'unavailable' })
  })
})
