/** What a hostile peer comes to, each time a real one over TCP, and that the others do not notice. */
import { connect as connectTcp, type Socket } from 'node:net'
import type { Connection, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import type { MeshHost, MeshHostOptions } from '../host-contract.ts'
import { openSession, tcpHost } from '../mesh-pair.fixture.ts'
import { mcpSide } from '../session.fixture.ts'
import { SESSION_PROTOCOL } from '../session.ts'
import type { TransportFactory } from '../workarounds/transport-factory.ts'
import { FIRST_BAR_MS } from './barred-peers.ts'
import { type HostilePeer, hostilePeer, RawSession } from './hostile-peer.fixture.ts'
import { DEFAULT_MESH_LIMITS } from './peer-limits.ts'
import { isDecoding, isMuxed, MUXER_FRAME_BYTES } from './watch-connection.ts'

const KIB = 1024
const MIB = 1024 * KIB

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map(close => close()))
})

interface Victim {
  host: MeshHost
  clock: ManualClock
  granted: Set<string>
  barred: { peerId: string; ms: number; why: string }[]
}

async function victim(options: Partial<MeshHostOptions> = {}): Promise<Victim> {
  const clock = new ManualClock()
  const granted = new Set<string>()
  const barred: Victim['barred'] = []
  const host = await tcpHost({
    clock,
    gater: { isGranted: peerId => granted.has(peerId) },
    onBarred: (peerId, ms, why) => barred.push({ peerId, ms, why }),
    ...options,
  })
  closing.push(() => host.close())
  return { host, clock, granted, barred }
}

async function attacker(transport?: TransportFactory): Promise<HostilePeer> {
  const peer = await hostilePeer(transport)
  closing.push(() => peer.close())
  return peer
}

async function friend(): Promise<MeshHost> {
  const host = await tcpHost({ listen: [] })
  closing.push(() => host.close())
  return host
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not so after 10 s: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Resolves when the connection is refused: its dial fails, or it is closed as soon as it is there. */
async function refusal(connecting: Promise<Connection>): Promise<void> {
  const connection = await connecting.catch(() => undefined)
  if (connection !== undefined) await until(() => connection.status !== 'open')
}

/** Resolves when nothing of the peer is open any more: it gets a moment to read why. */
async function gone(peer: HostilePeer, clock: ManualClock): Promise<void> {
  while (peer.libp2p.getConnections().length > 0) {
    await clock.advance(100)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

const PING = { id: 'm:1', method: 'ping' }
const CREDIT = { method: 'notifications/toolmesh/credit', params: { bytes: 1 } }
const initialize = (text = '') => ({
  id: 'c:1',
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: `hostile${text}`, version: '1' },
  },
})

/** Sends again and again until the other side has ended it. */
async function flood(session: RawSession, messages: object[]): Promise<void> {
  const end = performance.now() + 10_000
  while (!session.ended && session.send(...messages)) {
    if (performance.now() > end) throw new Error('nobody ended the flood in 10 s')
    await new Promise(setImmediate)
  }
  await until(() => session.ended)
}

describe('a stranger that floods its session', () => {
  it('has the session ended by the name of the limit, is barred, and may come again later', async () => {
    const { host, barred, clock } = await victim()
    const peer = await attacker()
    const session = await RawSession.open(await peer.connect(host))
    await flood(session, Array(50).fill(PING))
    expect(session.received).toContain('rate_limited')
    expect(session.received).toContain('messages of a peer')
    expect(session.received).toContain('20 a second, 100 at once')
    const why = expect.stringContaining('messages of a peer')
    expect(barred).toEqual([{ peerId: peer.peerId, ms: FIRST_BAR_MS, why }])
    await gone(peer, clock)
    await refusal(peer.connect(host))
    await clock.advance(FIRST_BAR_MS + 1)
    expect((await peer.connect(host)).status).toBe('open')
  })

  it('is barred three times as long when it does it again', async () => {
    const { host, barred, clock } = await victim()
    const peer = await attacker()
    for (const ms of [FIRST_BAR_MS, 3 * FIRST_BAR_MS, 9 * FIRST_BAR_MS]) {
      await flood(await RawSession.open(await peer.connect(host)), Array(50).fill(PING))
      await gone(peer, clock)
      expect(barred.at(-1)?.ms).toBe(ms)
      await clock.advance(ms + 1)
    }
  })

  it('is ended for bytes before it has sent a frame that is too large', async () => {
    const { host, barred } = await victim()
    const session = await RawSession.open(await (await attacker()).connect(host))
    await flood(session, [initialize('x'.repeat(60 * KIB))])
    expect(barred).toHaveLength(1)
    expect(barred[0]?.why).toMatch(/^bytes of a peer/)
  })

  it.each([
    ['no JSON-RPC', { nonsense: true }, 'bad_frame'],
    ['a frame over 64 KiB', initialize('x'.repeat(65 * KIB)), 'frame_too_large'],
  ])('is ended and barred at once for %s', async (_, message, code) => {
    const { host, barred } = await victim()
    const session = await RawSession.open(await (await attacker()).connect(host))
    session.send(message)
    await until(() => session.ended)
    expect(session.received).toContain(code)
    expect(barred).toHaveLength(1)
  })
})

describe('a peer with a grant that sends too fast', () => {
  const granted = {
    ...DEFAULT_MESH_LIMITS.granted,
    messageRate: { perSecond: 100, burst: 200 },
    controlRate: { perSecond: 1000, burst: 1000 },
    byteRate: { perSecond: 100 * KIB, burst: 500 * KIB },
  }
  const beyond = { messages: 2000, bytes: 4 * 1024 * KIB }

  it('has to wait for its credit while it keeps to the protocol, and loses nothing', async () => {
    const other = await friend()
    const {
      host,
      clock,
      granted: grants,
      barred,
    } = await victim({
      peerLimits: { granted, beyond },
      // Time runs too fast here for pings.
      limits: { pingEveryMs: 3_600_000 },
    })
    grants.add(other.peerId)
    const { dialled, accepted } = await openSession(other, host)
    const [side] = await Promise.all([
      mcpSide(dialled, 'fast', async (_, args) => args),
      mcpSide(accepted, 'slow', async () => ({})),
    ])
    const text = 'x'.repeat(100 * KIB)
    const calls = Array.from({ length: 40 }, () =>
      side.client.callTool({ name: 'take', arguments: { text } }),
    )
    let answered = 0
    for (const call of calls) void call.then(() => (answered += 1))
    await until(() => answered >= 10)
    // What is answered was taken, and is not acknowledged while the clock stands.
    expect(answered).toBeLessThan(40)
    while (answered < 40) {
      await clock.advance(1000)
      await new Promise(setImmediate)
    }
    expect(barred).toEqual([])
  })

  it.each([
    ['stray answers', { id: 'c:7', result: {} }, /^messages of a peer: .*100 a second, 2200 at once/],
    ['pings', PING, /^credit and pings of a peer: .*1000 a second, 1000 at once/],
    ['credit', CREDIT, /^credit and pings of a peer/],
  ])('is ended and barred when it goes on with %s all the same', async (_, message, why) => {
    const peer = await attacker()
    const { host, granted: grants, barred } = await victim({ peerLimits: { granted, beyond } })
    grants.add(peer.peerId)
    const session = await RawSession.open(await peer.connect(host))
    await flood(session, Array(100).fill(message))
    expect(barred[0]?.why).toMatch(why)
    expect(barred).toHaveLength(1)
  })
})

describe('streams', () => {
  it('that say nothing are 32 of a stranger at most; more are reset', async () => {
    const { host, barred } = await victim()
    const connection = await (await attacker()).connect(host)
    const streams = await openSilent(connection, 50)
    const open = () => streams.filter(({ status }) => status === 'open').length
    await until(() => open() === DEFAULT_MESH_LIMITS.stranger.streams)
    expect(barred).toEqual([])
    expect(connection.status).toBe('open')
  })

  it('are 64 at once of a stranger, then ten a second, and twice as many end its connections', async () => {
    const { host, barred, clock } = await victim()
    const peer = await attacker()
    const connection = await peer.connect(host)
    let opened = 0
    const opening = async () => {
      for (let n = 0; n < 300; n += 1) {
        const stream = await connection.newStream('/ipfs/id/1.0.0', { signal: AbortSignal.timeout(5000) })
        opened += 1
        stream.abort(new Error('done'))
      }
    }
    while (barred.length === 0) await opening().catch(() => {})
    expect(opened).toBeLessThanOrEqual(64)
    expect(barred[0]?.why).toBe('new streams of a peer: 129, allowed: 10 a second, 64 at once')
    await gone(peer, clock)
  })

  it.each<[string, TransportFactory, string]>([
    ['TCP', tcp(), '/ip4/127.0.0.1/tcp/0'],
    ['WebSocket', webSockets(), '/ip4/127.0.0.1/tcp/0/ws'],
    [
      'WebRTC-Direct',
      webRTCDirect({ rtcConfiguration: { iceServers: [] } }),
      '/ip4/127.0.0.1/udp/0/webrtc-direct',
    ],
  ])('of a stranger over %s carry so many bytes, whatever they are for', async (_, transport, listen) => {
    const { host, barred } = await victim({ transports: [transport], listen: [listen] })
    const peer = await attacker(listen === '/ip4/127.0.0.1/tcp/0' ? undefined : transport)
    const connection = await peer.connect(host)
    const stream = await connection.newStream('/ipfs/ping/1.0.0', { signal: AbortSignal.timeout(5000) })
    stream.addEventListener('message', () => {})
    const end = performance.now() + 10_000
    while (barred.length === 0 && performance.now() < end) {
      if (stream.status === 'open' && stream.writeBufferLength < MIB) stream.send(new Uint8Array(16 * KIB))
      await new Promise(setImmediate)
    }
    expect(barred[0]?.why).toMatch(/^bytes of a peer/)
  })

  it('that stop in the middle of saying what they are for end by themselves', async () => {
    const { host, barred } = await victim({ limits: { negotiationMs: 200 } })
    const connection = await (await attacker()).connect(host)
    const streams = await openSilent(connection, 20)
    await until(() => streams.every(stream => stream.status !== 'open'))
    expect(barred).toEqual([])
    expect(connection.status).toBe('open')
  })

  it('carry no frame of yamux that is larger than a window, which would be kept in memory until it is whole', async () => {
    const peer = await attacker()
    const { host, granted, barred } = await victim()
    granted.add(peer.peerId)
    const connection = await peer.connect(host)
    if (!isMuxed(connection) || !isDecoding(connection.muxer)) throw new Error('another muxer')
    const { maConn } = connection.muxer as unknown as {
      maConn: { send(data: Uint8Array): boolean; onDrain(): Promise<void> }
    }
    // Version 0, data, no flag, stream 1, 1 GiB.
    maConn.send(Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 1, 0x40, 0, 0, 0]))
    const piece = new Uint8Array(64 * KIB)
    for (
      let sent = 0;
      sent < 2 * MUXER_FRAME_BYTES && connection.status === 'open';
      sent += piece.byteLength
    ) {
      if (!maConn.send(piece)) await maConn.onDrain().catch(() => {})
      await new Promise(setImmediate)
    }
    await until(() => barred.length === 1)
    expect(barred[0]?.why).toMatch(/^bytes of a yamux frame: 16\d+, allowed: 16777216/)
  })
})

/** Streams on which nothing but the first word of the negotiation is said. */
async function openSilent(connection: Connection, count: number) {
  if (!isMuxed(connection)) throw new Error('another muxer')
  const { muxer } = connection as unknown as {
    muxer: { createStream(): Promise<Stream> }
  }
  const streams = []
  for (let n = 0; n < count; n += 1) {
    const stream = await muxer.createStream()
    stream.send(new TextEncoder().encode('\x13/multistream/1.0.0\n'))
    streams.push(stream)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  return streams
}

describe('connections', () => {
  it('of one stranger are eight at once', async () => {
    const { host, barred } = await victim()
    const peer = await attacker()
    const open: Connection[] = []
    while (open.length < 8) open.push(await peer.connect(host))
    await refusal(peer.connect(host))
    expect(open.every(({ status }) => status === 'open')).toBe(true)
    expect(barred).toEqual([])
  })

  it('of one stranger are sixty, and then two a second', async () => {
    const { host, barred } = await victim()
    const peer = await attacker()
    while (barred.length === 0) {
      const connection = await peer.connect(host).catch(() => undefined)
      await connection?.close()
    }
    expect(barred[0]?.why).toBe('new connections of a peer: 61, allowed: 2 a second, 60 at once')
  })

  it('of strangers are so many in all, and after a while the oldest gives way; one with a grant always gets in', async () => {
    const { host, clock, granted } = await victim({ peerLimits: { strangers: 3 } })
    const peers = await Promise.all(Array.from({ length: 5 }, () => attacker()))
    const [first, second, third] = [
      await peers[0]!.connect(host),
      await peers[1]!.connect(host),
      await peers[2]!.connect(host),
    ]
    await refusal(peers[3]!.connect(host))
    granted.add(peers[4]!.peerId)
    expect((await peers[4]!.connect(host)).status).toBe('open')
    await clock.advance(DEFAULT_MESH_LIMITS.strangerMs)
    expect((await peers[3]!.connect(host)).status).toBe('open')
    await until(() => first.status !== 'open')
    expect([second.status, third.status]).toEqual(['open', 'open'])
  })

  it('of a peer that we dialled are no stranger’s while we are connected, whoever dials the next one', async () => {
    const { host, barred } = await victim()
    const peer = await attacker()
    await peer.libp2p.handle(SESSION_PROTOCOL, () => {})
    const listening = peer.libp2p.getMultiaddrs().map(String)
    await host.connect(listening, { expect: peer.peerId, signal: AbortSignal.timeout(5000) })
    const connection = await peer.connect(host)
    const stream = await connection.newStream('/ipfs/ping/1.0.0', { signal: AbortSignal.timeout(5000) })
    for (let sent = 0; sent < 3 * MIB; sent += 64 * KIB) {
      stream.send(new Uint8Array(64 * KIB))
      await new Promise(setImmediate)
    }
    expect(barred).toEqual([])
  })

  it('of a stranger that does nothing are closed, those of a peer with a grant are not', async () => {
    const { host, clock, granted } = await victim()
    const [idle, worker] = [await attacker(), await attacker()]
    granted.add(worker.peerId)
    const [closing, staying] = [await idle.connect(host), await worker.connect(host)]
    // The streams by which both sides identify themselves.
    await until(() => [closing, staying].every(({ streams }) => streams.length === 0))
    while (closing.status === 'open') {
      await clock.advance(DEFAULT_MESH_LIMITS.idleStrangerMs)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    expect(staying.status).toBe('open')
  })

  it('that say nothing end by themselves, and until then leave room for others', async () => {
    const { host, granted } = await victim({ limits: { handshakeMs: 1000, pendingConnections: 20 } })
    const { port } = multiaddrPort(host)
    const sockets: Socket[] = []
    let closed = 0
    for (let n = 0; n < 50; n += 1) {
      const socket = connectTcp(port, '127.0.0.1')
        .on('error', () => {})
        .on('close', () => (closed += 1))
      sockets.push(socket)
    }
    await until(() => closed >= 30)
    await until(() => closed === 50)
    const other = await friend()
    granted.add(other.peerId)
    await openSession(other, host)
  })
})

function multiaddrPort(host: MeshHost): { port: number } {
  const [address = ''] = host.addresses()
  const port = multiaddr(address)
    .getComponents()
    .find(({ name }) => name === 'tcp')?.value
  return { port: Number(port) }
}

describe('others', () => {
  it('work on while a stranger floods with all it has', async () => {
    const { host, granted } = await victim()
    const other = await friend()
    granted.add(other.peerId)
    const { dialled, accepted } = await openSession(other, host)
    const [side] = await Promise.all([
      mcpSide(dialled, 'one', async (_, args) => args),
      mcpSide(accepted, 'two', async (_, args) => args),
    ])
    const attacks = Array.from({ length: 4 }, async () => {
      const session = await RawSession.open(await (await attacker()).connect(host))
      await flood(session, Array(50).fill(initialize('x'.repeat(KIB))))
    })
    for (let n = 0; n < 200; n += 1) {
      const answer = await side.client.callTool({ name: 'echo', arguments: { n } })
      expect(answer.structuredContent).toEqual({ n })
    }
    await Promise.all(attacks)
  })
})
