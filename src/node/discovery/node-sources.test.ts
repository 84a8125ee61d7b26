import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ManualClock } from '../../shared/clock.ts'
import { silentLogger } from '../../shared/logger.ts'
import { loadConfig } from '../config.ts'
import { nodeSources } from './node-sources.ts'

const SELF = '12D3KooWARhoaAFGLNGjUiGXp7LgfpAMrC9VFnJaowbRc9dzhHP3'
const OTHER = '12D3KooWPEfbrcbjX6mkLQ7XvWG1ZQ6XwBo6PDkp8qQJ35ZpVHTq'
const cwd = mkdtempSync(join(tmpdir(), 'toolmesh-sources-'))

async function sourcesOf(settings: Record<string, string>, environment?: string) {
  const flags = Object.entries(settings).map(([name, value]) => ({ name, value }))
  const made = await nodeSources({
    config: await loadConfig({ cwd, env: {}, flags }),
    environment,
    peerId: SELF,
    book: { entry: () => undefined },
    clock: new ManualClock(),
    logger: silentLogger,
  })
  return { ...made, names: made.sources.map(({ name }) => name) }
}

it('has no source and no part of libp2p unless something is switched on', async () => {
  const made = await sourcesOf({})
  expect([made.names, made.services, made.peerDiscovery, made.bootstrap.size]).toEqual([[], {}, [], 0])
})

it('has each source that is switched on', async () => {
  const { names, services } = await sourcesOf(
    {
      'p2p.bootstrap': `/ip4/192.0.2.1/tcp/1/p2p/${OTHER},https://node.example`,
      'discovery.dht': 'true',
      'discovery.pubsub': 'true',
      'discovery.mdns': 'true',
      'discovery.file': 'peers',
      'discovery.github.repository': 'a/b',
    },
    '/ip4/192.0.2.1/tcp/2',
  )
  expect(names.sort()).toEqual(
    [
      'bootstrap',
      'configured',
      'dht',
      'environment',
      'file',
      'github',
      'mdns',
      'pubsub',
      'well-known',
    ].sort(),
  )
  expect(Object.keys(services)).toEqual(['dht', 'pubsub'])
})

it('leaves out what is switched off', async () => {
  const { names, bootstrap } = await sourcesOf(
    {
      'p2p.bootstrap': `/ip4/192.0.2.1/tcp/1/p2p/${OTHER},https://node.example`,
      'discovery.bootstrap': 'false',
      'discovery.wellKnown': 'false',
      'discovery.environment': 'false',
    },
    'not even an address',
  )
  expect([names, bootstrap.size]).toEqual([['configured'], 0])
})

it('asks public nodes only by their name, and their hash table only with ours', async () => {
  const named = { 'p2p.bootstrap': 'libp2p-public' }
  const plain = await sourcesOf(named)
  expect([plain.names, plain.bootstrap.size]).toEqual([['bootstrap'], 0])
  const { names } = await sourcesOf({ ...named, 'discovery.dht': 'true' })
  expect(names).toEqual(['bootstrap', 'dht', 'public-dht'])
})

it('takes one list for all nodes, this one among them', async () => {
  const both = [SELF, OTHER].map(id => `/ip4/192.0.2.1/tcp/1/p2p/${id}`).join()
  const { bootstrap } = await sourcesOf({}, both)
  expect([...bootstrap.keys()]).toEqual([OTHER])
})

it('names the variable, the value and what is allowed', async () => {
  await expect(sourcesOf({}, '/ip4/192.0.2.1/tcp/1, here')).rejects.toThrow(
    'TOOLMESH_BOOTSTRAP_PEERS: got "here", allowed: multiaddrs as /ip4/192.0.2.1/tcp/4001/p2p/12D3…',
  )
  await expect(sourcesOf({}, Array(65).fill('/ip4/192.0.2.1/tcp/1').join())).rejects.toThrow(
    'TOOLMESH_BOOTSTRAP_PEERS: got 65, allowed: at most 64 multiaddrs',
  )
})
