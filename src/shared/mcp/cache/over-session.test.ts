import { afterEach, expect, it } from 'vitest'
import type { Principal } from '../../authority/principal.ts'
import { MemoryCacheStore } from '../../cache/memory-cache-store.ts'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { Catalogue } from '../../tools/catalogue.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { createSurface } from '../create-surface.ts'
import { openPeerEndpoint } from '../endpoint/peer-endpoint.ts'
import { sessionPair } from '../endpoint/session-pair.fixture.ts'
import { alice, MeshToolsFixture } from '../mesh-tools.fixture.ts'
import { ANNE } from '../peer/peer-mesh.fixture.ts'
import { asRefusedByPeer } from '../peer/refused-by-peer.ts'
import { principalWith, routerOf } from '../text-tools.fixture.ts'
import { cacheTools } from './cache-tools.ts'
import { UsersCache } from './users-cache.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A node whose `callPeer` asks a tab over their session; the tab lets the node do what `inTab` may. */
async function nodeWithTab(inTab: Principal | undefined) {
  const node = await MeshToolsFixture.open()
  const clock = new ManualClock()
  const tabCache = new MemoryCacheStore({ clock })
  const tabSurface = createSurface({
    name: 'tab',
    version: '1',
    catalogue: new Catalogue([]),
    router: routerOf({}),
    tools: cacheTools({ cache: new UsersCache(tabCache), peerId: ANNE }),
    clock,
  })
  const { dialled, accepted } = sessionPair(ANNE, 'node')
  const atNode = openPeerEndpoint({
    session: accepted,
    surface: node.surface,
    authority: { principalOfPeer: () => principalWith(`peer:${ANNE}`, 'work') },
    owner: node.test.queue,
    logger: silentLogger,
  })
  const atTab = openPeerEndpoint({
    session: dialled,
    surface: tabSurface,
    authority: { principalOfPeer: () => inTab },
    logger: silentLogger,
  })
  closers.push(() => atTab.close())
  await atTab.ready
  node.callPeer = (peer, tool, input, options) =>
    atNode.callTool(tool, input, options).catch(error => {
      throw asRefusedByPeer(error, peer, tool)
    })
  return { node, atTab, tabCache }
}

it('a node keeps and finds values in the cache of a tab, for its callers', async () => {
  const { node, tabCache } = await nodeWithTab(principalWith('peer:node', 'submit'))
  const call = (name: string, input: JsonObject) =>
    node.call(`p2p_cache_${name}`, { ...input, peer_id: ANNE }, alice)
  expect(await call('set', { key: 'k', value: { large: 'x'.repeat(300_000) } })).toMatchObject({
    peer_id: ANNE,
  })
  expect(await call('get', { key: 'k' })).toMatchObject({
    peer_id: ANNE,
    value: { large: 'x'.repeat(300_000) },
  })
  expect(await tabCache.has('user:default', 'k')).toBe(true)
  expect(await node.call('p2p_cache_has', { key: 'k' }, alice)).toMatchObject({ found: false })
  expect(await call('set', { key: 'k', value: 'x'.repeat(1024 * 1024) })).toMatchObject({
    code: 'invalid_input',
    field: '/value',
  })
  expect(await call('stats', {})).toMatchObject({ peer_id: ANNE, entries: 1 })
  expect(await call('delete', { key: 'k' })).toMatchObject({ deleted: 1 })
})

it('a tab answers nobody but its node, and its peers get no way on through it', async () => {
  const { node, atTab } = await nodeWithTab(undefined)
  const asked = node.answer('p2p_cache_get', { key: 'k', peer_id: ANNE }, alice)
  await expect(asked).rejects.toThrow(`the peer ${ANNE} refuses p2p_cache_get to this node`)
  const byTab = atTab.callTool('p2p_cache_get', { key: 'k' }, { timeoutMs: 1_000 })
  await expect(byTab).rejects.toMatchObject({ code: 'forbidden' })
  const tools = cacheTools({ cache: new UsersCache(node.cacheStore), peerId: ANNE })
  const context = { principal: alice, signal: new AbortController().signal }
  const onward = tools[0]?.call(
    { key: 'k', peer_id: '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X' },
    context,
  )
  await expect(onward).rejects.toMatchObject({ code: 'invalid_input', details: { field: '/peer_id' } })
})
