/** Nodes that have never met find each other: each pair by one source, with nothing else to go by. */
import { join } from 'node:path'
import { expect, test } from 'playwright/test'
import { githubServer } from '../src/shared/mesh/discovery/github/github-server.fixture.node.ts'
import { issueMarker } from '../src/shared/mesh/discovery/github/peer-comment.ts'
import { clientInside, startInside } from './netns/inside.ts'
import { Namespaces, namespacesRefused } from './netns/namespaces.ts'
import { callTool, connectClient, freshDir, type NodeProcess, startNode, until } from './node-process.ts'

type Client = Awaited<ReturnType<typeof connectClient>>

function named(name: string, ...args: string[]): Promise<NodeProcess> {
  return startNode({ args: ['--name', name, ...args] })
}

/** Names of the peers that a node knows. */
async function known(client: Client): Promise<string[]> {
  const { peers } = await callTool<{ peers: { self: boolean; name?: string }[] }>(client, 'p2p_peer_list')
  return peers.flatMap(({ self, name }) => (self || name === undefined ? [] : [name]))
}

async function finds(node: NodeProcess, ...names: string[]): Promise<void> {
  const client = await connectClient(node)
  await until(`${names.join(' and ')} are found`, async () => {
    await callTool(client, 'p2p_peer_discover', { refresh: true, timeout_ms: 5_000 })
    const there = await known(client)
    return names.every(name => there.includes(name)) ? there : undefined
  })
  await client.close()
}

test('by a file, an issue, a hash table, a topic and a well-known file', async () => {
  const github = await githubServer(() => Date.now())
  github.issues.push({ number: 1, body: issueMarker('toolmesh'), state: 'open' })
  const byFile = ['--discovery.file', join(await freshDir(), 'peers.json')]
  const byIssue = [
    ...['--discovery.github.repository', 'mesh/registry', '--discovery.github.api', github.url],
    ...['--discovery.github.token', 'token-of-bob'],
  ]
  const hub = await named('hub', '--discovery.dht', '--discovery.pubsub')
  const { multiaddrs } = await (await fetch(`${hub.origin}/.well-known/toolmesh.json`)).json()
  const toHub = ['--p2p.bootstrap', multiaddrs.find((address: string) => /\/tcp\/\d+\/p2p\//.test(address))]
  const [b, c] = await Promise.all([
    named('b', ...byFile, ...byIssue, '--p2p.bootstrap', hub.origin),
    named('c', ...byIssue, ...toHub, '--discovery.dht'),
  ])
  const d = await named('d', ...toHub, '--discovery.dht', '--discovery.pubsub')
  const a = await named('a', ...byFile, ...toHub, '--discovery.pubsub')
  try {
    await Promise.all([
      finds(a, 'b'),
      finds(b, 'a', 'c', 'hub'),
      finds(c, 'b', 'd'),
      // On the topic who came last is heard by those before.
      finds(d, 'c', 'a'),
    ])
    const ofA = await connectClient(a)
    expect(await known(ofA)).not.toContain('c')
    await ofA.close()
    expect(a.output() + b.output()).not.toContain('token-of-bob')
  } finally {
    await Promise.all([a, b, c, d, hub].map(node => node.stop()))
    await github.close()
  }
})

test('by multicast DNS, on a network where nobody else is', async () => {
  const refused = await namespacesRefused()
  test.skip(refused !== undefined, refused)
  const spaces = new Namespaces()
  const nodes: NodeProcess[] = []
  try {
    await spaces.add('lan')
    for (const command of ['ip link set lo multicast on', 'ip route add 224.0.0.0/4 dev lo']) {
      await spaces.in('lan', command)
    }
    for (const name of ['one', 'two']) {
      nodes.push(await startInside(spaces, 'lan', ['--name', name, '--discovery.mdns']))
    }
    for (const [at, other] of ['two', 'one'].entries()) {
      const client = await clientInside(spaces, 'lan', nodes[at] as NodeProcess)
      const { peers } = await callTool<{ peers: { peer_id: string; self: boolean }[] }>(
        client,
        'p2p_peer_list',
      )
      expect(peers.filter(({ self }) => self)).toHaveLength(1)
      await until(`${other} is found`, async () => {
        const list = await callTool<{ peers: { self: boolean; addresses: { sources: string[] }[] }[] }>(
          client,
          'p2p_peer_list',
        )
        const found = list.peers.find(({ self }) => !self)
        return found?.addresses.some(({ sources }) => sources.includes('mdns')) ? found : undefined
      })
      await client.close()
    }
  } finally {
    await Promise.all(nodes.map(node => node.stop()))
    await spaces.remove()
  }
})
