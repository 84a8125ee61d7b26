import { describe, expect, it } from 'vitest'
import type { Role } from '../shared/authority/principal.ts'
import { peerSchema } from '../shared/mcp/peer/peer-schema.ts'
import { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import { openTestQueue } from '../shared/queue/queue.fixture.ts'
import { PeerDirectory } from './peer-directory.ts'

async function directed() {
  const { queue, clock } = await openTestQueue()
  const book = new LocalPeerBook({
    ownPeerId: 'me',
    verify: async () => undefined,
    isGranted: peerId => peerId === 'worker',
    isHere: () => true,
    clock,
    random: () => 0.5,
  })
  const directory = new PeerDirectory({
    self: {
      peerId: 'me',
      name: 'kitchen',
      agent: 'toolmesh/1',
      labels: ['kind:node'],
      tools: 3,
      startedAt: clock.now(),
      addresses: () => ['/ip4/127.0.0.1/tcp/1'],
    },
    book,
    roundTrip: () => 12.345,
    authority: {
      principalOfPeer: id =>
        id === 'worker' ? { id: `peer:${id}`, roles: new Set<Role>(['work']) } : undefined,
    },
    queue,
    clock,
  })
  return { book, directory, clock }
}

describe('the directory of peers', () => {
  it('shows this node first, then who is connected, then who was heard of, each with what is known', async () => {
    const { book, directory } = await directed()
    await book.hear({ peer_id: 'heard', addresses: ['/ip4/192.0.2.1/tcp/4001'] }, 'mdns')
    book.connected('worker', { path: 'tcp', direction: 'inbound' })
    book.offered('worker', { labels: ['kind:tab'], tools: [{ interface_cid: 'i' }], credits: 2 })
    const peers = directory.list()
    expect(peers.map(peer => peer.peer_id)).toEqual(['me', 'worker', 'heard'])
    for (const peer of peers) expect(peerSchema.parse(peer)).toEqual(peer)
    expect(peers[1]).toMatchObject({
      ...{
        kind: 'tab',
        roles: ['work'],
        standing: 'granted',
        path: 'tcp',
        rtt_ms: 12.3,
        tools: 1,
        capacity: 2,
      },
    })
    expect(peers[2]).toMatchObject({
      connected: false,
      standing: 'heard',
      transports: ['tcp'],
      addresses: [{ address: '/ip4/192.0.2.1/tcp/4001', sources: ['mdns'], failures: 0 }],
    })
    expect(directory.counts()).toEqual({ nodes: 1, tabs: 1 })
  })

  it('tells of each change, and of a peer that is ending', async () => {
    const { book, directory } = await directed()
    let changes = 0
    const stop = directory.onChange(() => {
      changes += 1
    })
    book.connected('worker', { path: 'tcp', direction: 'inbound' })
    book.learned('worker', { draining: true })
    expect(changes).toBe(2)
    expect(directory.list()[1]?.draining).toBe(true)
    book.disconnected('worker')
    expect(directory.list()[1]).toMatchObject({ draining: false, connected: false })
    stop()
    book.connected('worker', { path: 'tcp', direction: 'inbound' })
    expect(changes).toBe(3)
  })

  it('lists no more than 200 that are away', async () => {
    const { book, directory } = await directed()
    for (let n = 0; n < 300; n++)
      await book.hear({ peer_id: `p${n}`, addresses: ['/ip4/192.0.2.1/tcp/4001'] }, 'dht')
    book.connected('worker', { path: 'tcp', direction: 'inbound' })
    expect(directory.list()).toHaveLength(202)
  })
})
