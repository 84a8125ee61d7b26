import { type AddressInfo, createServer } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { nodeTransports } from '../../node/transports/node-transports.ts'
import { ManualClock } from '../clock.ts'
import type { MeshHost, MeshHostOptions } from './host-contract.ts'
import { openSession, tcpHost } from './mesh-pair.fixture.ts'
import { SESSION_PROTOCOL } from './session.ts'
import type { Session } from './session-contract.ts'

const hosts: MeshHost[] = []

async function host(options: Partial<MeshHostOptions> = {}): Promise<MeshHost> {
  const made = await tcpHost(options)
  hosts.push(made)
  return made
}

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(made => made.close()))
})

/** An MCP client and a server that answers `tools/call` with the name of its side. */
async function mcpOn(session: Session, name: string): Promise<Client> {
  const server = new Server({ name, version: '1' }, { capabilities: { tools: {} } })
  server.setRequestHandler(CallToolRequestSchema, async request => ({
    content: [{ type: 'text', text: `${name} ${request.params.name}` }],
  }))
  await server.connect(session.serverTransport)
  const client = new Client({ name, version: '1' })
  await client.connect(session.clientTransport)
  return client
}

describe('mesh host', () => {
  it('lets an SDK client and server on each side of one session call each other', async () => {
    const { dialled, accepted } = await openSession(await host(), await host())
    const [left, right] = await Promise.all([mcpOn(dialled, 'left'), mcpOn(accepted, 'right')])
    const [fromRight, fromLeft] = await Promise.all([
      left.callTool({ name: 'echo' }),
      right.callTool({ name: 'echo' }),
    ])
    expect(fromRight.content).toEqual([{ type: 'text', text: 'right echo' }])
    expect(fromLeft.content).toEqual([{ type: 'text', text: 'left echo' }])
    expect([dialled.path, dialled.direction, accepted.direction]).toEqual(['tcp', 'outbound', 'inbound'])
  })
})

const signal = () => AbortSignal.timeout(30_000)

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 5))
}

describe('connecting', () => {
  it('gives the open session to who connects again, and makes one for two who connect at once', async () => {
    const [left, right] = [await host(), await host()]
    const to = { expect: right.peerId, signal: signal() }
    const [one, two] = await Promise.all([
      left.connect(right.addresses(), to),
      left.connect(right.addresses(), to),
    ])
    expect(two).toBe(one)
    expect(await left.connect([], to)).toBe(one)
    expect(left.sessions()).toEqual([one])
  })

  it('keeps the same one of two sessions on both sides when both dial at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [left, right] = [await host(), await host()]
      await Promise.all([
        left.connect(right.addresses(), { expect: right.peerId, signal: signal() }),
        right.connect(left.addresses(), { expect: left.peerId, signal: signal() }),
      ])
      const dialler = left.peerId < right.peerId ? left : right
      const other = dialler === left ? right : left
      await until(() => other.session(dialler.peerId)?.direction === 'inbound')
      await until(() => dialler.session(other.peerId)?.direction === 'outbound')
      const client = mcpOn(dialler.session(other.peerId)!, 'dialler')
      await mcpOn(other.session(dialler.peerId)!, 'other')
      expect((await (await client).callTool({ name: 'ok' })).content).toEqual([
        { type: 'text', text: 'other ok' },
      ])
    }
  })

  it('sends nothing to a peer that is not the expected one', async () => {
    const [left, right, third] = [await host(), await host(), await host()]
    const bare = right.addresses().map(address => address.replace(/\/p2p\/.*/, ''))
    let met = 0
    right.onSession(() => {
      met += 1
    })
    const expected = { expect: third.peerId, signal: signal() }
    await expect(left.connect(right.addresses(), expected)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(left.connect(bare, expected)).rejects.toMatchObject({ code: 'unavailable' })
    expect(met).toBe(0)
  })

  it('tries the addresses in order and says when none answers', async () => {
    const [left, right] = [await host(), await host()]
    const dead = '/ip4/127.0.0.1/tcp/9'
    const to = { expect: right.peerId, signal: signal() }
    await expect(left.connect([dead], to)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(left.connect(['nonsense'], to)).rejects.toMatchObject({ code: 'invalid_input' })
    expect((await left.connect([dead, ...right.addresses()], to)).peerId).toBe(right.peerId)
  })

  it('goes on to the next address soon when one takes the connection and says nothing', async () => {
    const silent = createServer(() => {})
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const [left, right] = [await host({ limits: { directDialMs: 60_000 } }), await host()]
    const addresses = [`/ip4/127.0.0.1/tcp/${port}`, ...right.addresses()]
    const session = await left.connect(addresses, { expect: right.peerId, signal: signal() })
    expect(session.peerId).toBe(right.peerId)
    silent.close()
  })

  it('replaces a session that its peer has lost', async () => {
    const key = await generateKeyPair('Ed25519')
    const node = await host()
    const to = () => ({ expect: node.peerId, signal: signal() })
    const first = await tcpHost({ privateKey: key })
    await first.connect(node.addresses(), to())
    await until(() => node.session(first.peerId) !== undefined)
    const before = node.session(first.peerId)!
    // The same peer again, as after a crash: the node has not noticed the loss.
    const second = await host({ privateKey: key })
    await second.connect(node.addresses(), to())
    await until(() => node.session(second.peerId) !== before)
    expect(await before.closed).toHaveProperty('code')
    expect(node.sessions()).toHaveLength(1)
    await first.close()
  })

  it('measures the round trip on the open session', async () => {
    const [left, right] = [await host(), await host()]
    const { dialled } = await openSession(left, right)
    await Promise.all([mcpOn(dialled, 'left'), mcpOn(right.session(left.peerId)!, 'right')])
    expect(left.roundTrip(right.peerId)).toBeUndefined()
    expect(await left.ping(right.peerId)).toBeGreaterThan(0)
    expect(left.roundTrip(right.peerId)).toBeGreaterThan(0)
    await expect(left.ping('nobody')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('counts what goes over its sessions, and goes on counting when one has ended', async () => {
    const [left, right] = [await host(), await host()]
    const { dialled, accepted } = await openSession(left, right)
    const [client] = await Promise.all([mcpOn(dialled, 'left'), mcpOn(accepted, 'right')])
    await client.callTool({ name: 'echo' })
    const during = left.bytes()
    expect(dialled.bytes).toEqual(during)
    expect(during.sent.messages).toBeGreaterThanOrEqual(3)
    expect(during.received.bytes).toBeGreaterThan(during.received.messages * 20)
    await Promise.all([dialled.close(), accepted.closed])
    await until(() => right.bytes().received.bytes >= left.bytes().sent.bytes)
    expect(left.bytes().sent.bytes).toBeGreaterThanOrEqual(during.sent.bytes)
    expect(right.bytes().received).toEqual(left.bytes().sent)
  })

  it('ends the session of a peer that stops answering, and its connection, which the next dial would be given', async () => {
    const limits = { pingEveryMs: 20, pingTimeoutMs: 50 }
    const node = await host({ limits })
    const silent = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
    })
    const ended = Promise.withResolvers<{ code: string }>()
    node.onSession(session => void session.closed.then(ended.resolve))
    await silent.dialProtocol(node.addresses().map(multiaddr), SESSION_PROTOCOL)
    expect(await ended.promise).toMatchObject({ code: 'unavailable' })
    await expect.poll(() => silent.getConnections().length).toBe(0)
    await silent.stop()
  })
})

describe('peers without a grant', () => {
  it('have a limited time and say forbidden at its end', async () => {
    const node = await host({ gater: { isGranted: () => false }, limits: { ungrantedMs: 100 } })
    const { dialled, accepted } = await openSession(await host(), node)
    expect(await accepted.closed).toMatchObject({ code: 'forbidden' })
    expect(await dialled.closed).toMatchObject({ code: 'forbidden' })
  })

  it('stay when they got a grant in time', async () => {
    const clock = new ManualClock()
    const granted = new Set<string>()
    const node = await host({ gater: { isGranted: id => granted.has(id) }, clock })
    const { dialled, accepted } = await openSession(await host(), node)
    let ended = false
    void accepted.closed.then(() => {
      ended = true
    })
    granted.add(accepted.peerId)
    const answering = mcpOn(accepted, 'node')
    await mcpOn(dialled, 'peer')
    await answering
    await clock.advance(16_000)
    expect(ended).toBe(false)
  })

  it('are few at once', async () => {
    const node = await host({ gater: { isGranted: () => false }, limits: { ungrantedSessions: 2 } })
    const peers = await Promise.all([host(), host(), host()])
    for (const peer of peers.slice(0, 2)) await openSession(peer, node)
    const third = await peers[2]!.connect(node.addresses(), { expect: node.peerId, signal: signal() })
    expect(await third.closed).toMatchObject({ code: 'rate_limited' })
    expect(node.sessions()).toHaveLength(2)
  })

  it('get no relay slot, and one soon after the grant', async () => {
    const granted = new Set<string>()
    let asked = 0
    const node = await host({
      transports: nodeTransports(),
      listen: ['/ip4/127.0.0.1/tcp/0/ws'],
      gater: {
        isGranted: id => {
          asked += 1
          return granted.has(id)
        },
      },
      relayServer: true,
    })
    const tab = await host({ transports: nodeTransports(), listen: ['/p2p-circuit', '/webrtc'] })
    await openSession(tab, node)
    // Twice for the session, then for each request of a slot.
    await until(() => asked >= 4)
    expect(tab.addresses()).toEqual([])
    granted.add(tab.peerId)
    await until(() => tab.addresses().some(address => address.includes('/p2p-circuit/webrtc/')))

    const other = await host({ transports: nodeTransports(), listen: ['/p2p-circuit', '/webrtc'] })
    const relayed = tab.addresses().filter(address => !address.includes('/webrtc/'))
    const to = { expect: tab.peerId, signal: signal() }
    await expect(other.connect(relayed, to)).rejects.toMatchObject({ code: 'unavailable' })
    granted.add(other.peerId)
    const direct = tab.addresses().filter(address => address.includes('/p2p-circuit/webrtc/'))
    expect((await other.connect(direct, to)).path).toBe('webrtc')
  })
})

describe('a peer that is dropped', () => {
  it('hears why, and its connection ends', async () => {
    const [left, right] = [await host(), await host()]
    const { dialled, accepted } = await openSession(left, right)
    await right.dropPeer(accepted.peerId, { code: 'forbidden', message: 'the grant was revoked' })
    expect(await dialled.closed).toEqual({ code: 'forbidden', message: 'the grant was revoked' })
    expect([left.sessions(), right.sessions()]).toEqual([[], []])
  })
})

describe('webrtc-direct', () => {
  it('connects two nodes, and its address outlives a restart where there is a datastore', async () => {
    const datastore = new MemoryDatastore()
    const privateKey = await generateKeyPair('Ed25519')
    const listening = {
      transports: nodeTransports(),
      listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'],
      privateKey,
    }
    const first = await tcpHost({ ...listening, datastore })
    await until(() => first.addresses().length > 0)
    const { dialled, accepted } = await openSession(await host({ transports: nodeTransports() }), first)
    expect([dialled.path, accepted.path]).toEqual(['webrtc-direct', 'webrtc-direct'])
    const [left] = await Promise.all([mcpOn(dialled, 'left'), mcpOn(accepted, 'right')])
    expect((await left.callTool({ name: 'hi' })).content).toEqual([{ type: 'text', text: 'right hi' }])
    const hashOf = (made: MeshHost) => made.addresses()[0]!.match(/certhash\/([^/]+)/)?.[1]
    const before = hashOf(first)
    await first.close()
    const second = await host({ ...listening, datastore })
    await until(() => second.addresses().length > 0)
    expect(hashOf(second)).toBe(before)
  })
})
