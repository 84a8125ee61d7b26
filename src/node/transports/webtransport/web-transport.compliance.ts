/**
 * What WebTransport between two nodes does, over either QUIC driver, as plain functions: they run in Vitest on Node and as a
 * program on Deno (deno/deno-suite.fixture.ts). Real libp2p hosts on the loopback.
 */
import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, ServiceMap, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import { createLibp2p, type Libp2p, type ServiceFactoryMap } from 'libp2p'
import { type Clock, ManualClock, systemClock } from '../../../shared/clock.ts'
import { silentLogger } from '../../../shared/logger.ts'
import { openSession, tcpHost } from '../../../shared/mesh/mesh-pair.fixture.ts'
import { mcpSide } from '../../../shared/mesh/session.fixture.ts'
import { noiseCrypto } from '../noise-crypto.ts'
import { CERTIFICATE_LIFE_MS } from './certificate.ts'
import type { QuicDriver } from './quic.ts'
import { nodeWebTransport } from './web-transport.ts'

const LISTEN = '/ip4/127.0.0.1/udp/0/quic-v1/webtransport'
const MIB = 1024 * 1024
const HOUR_MS = 3_600_000
const soon = () => AbortSignal.timeout(20_000)

export const webTransportCompliance: Record<string, (driver: QuicDriver) => Promise<void>> = {
  async 'connects by an address with two hashes, and both sides know who the other is'(driver) {
    await withPair(driver, async ({ listener, dialler }) => {
      const address = addressOf(listener)
      assert.equal(address.getComponents().filter(({ name }) => name === 'certhash').length, 2)
      const connection = await dialler.dial(address, { signal: soon() })
      const [there] = await until(() => nonEmpty(listener.getConnections()))
      assert.equal(String(connection.remotePeer), String(listener.peerId))
      assert.equal(String(there?.remotePeer), String(dialler.peerId))
      assert.match(String(there?.remoteAddr), /^\/ip4\/127\.0\.0\.1\/udp\/\d+\/quic-v1\/webtransport\/p2p\//)
      assert.deepEqual(
        [connection.multiplexer, connection.direct, connection.limits],
        ['/webtransport', true, undefined],
      )
    })
  },

  async 'carries a session with large values both ways'(driver) {
    const transports = [transportOf(driver)]
    const listener = await tcpHost({ transports, listen: [LISTEN] })
    const dialler = await tcpHost({ transports, listen: [] })
    try {
      const { dialled, accepted } = await openSession(dialler, listener)
      assert.deepEqual([dialled.path, accepted.path], ['webtransport', 'webtransport'])
      const [left, right] = await Promise.all([
        mcpSide(dialled, 'left', async (_, args) => args),
        mcpSide(accepted, 'right', async (_, args) => args),
      ])
      const text = 'x'.repeat(MIB)
      const call = { name: 'echo', arguments: { text } }
      const answers = await Promise.all([left.client.callTool(call), right.client.callTool(call)])
      for (const { structuredContent } of answers) assert.deepEqual(structuredContent, { text })
    } finally {
      await Promise.all([dialler.close(), listener.close()])
    }
  },

  async 'ends the directions of a stream one by one'(driver) {
    await withPair(driver, async ({ listener, dialler }) => {
      await listener.handle('/upper', async stream => {
        const question = await allText(stream)
        stream.send(new TextEncoder().encode(question.toUpperCase()))
        await stream.close()
      })
      const stream = await dialler.dialProtocol(addressOf(listener), '/upper', { signal: soon() })
      const answer = allText(stream)
      stream.send(new TextEncoder().encode('question'))
      await stream.close()
      assert.equal(await answer, 'QUESTION')
    })
  },

  async 'holds a sender back while its reader has paused, and loses nothing'(driver) {
    await withPair(driver, async ({ listener, dialler }) => {
      const total = 12 * MIB
      const arrival = Promise.withResolvers<Stream>()
      await listener.handle('/slow', stream => {
        stream.pause()
        arrival.resolve(stream)
      })
      const stream = await dialler.dialProtocol(addressOf(listener), '/slow', { signal: soon() })
      let sent = 0
      const sending = (async () => {
        for (const chunk = new Uint8Array(64 * 1024); sent < total; sent += chunk.byteLength)
          if (!stream.send(chunk)) await drained(stream)
        await stream.close()
      })()
      const slow = await arrival.promise
      await settled(() => sent)
      assert.ok(sent < 8 * MIB, `${sent} bytes were taken of a stream that nobody read`)
      const received = allBytes(slow)
      slow.resume()
      await sending
      assert.equal(await received, total)
    })
  },

  async 'lets go of each stream that is over: one ping after the other, of which two may be open'(driver) {
    const services = { ping: ping() }
    const listener = await host(driver, systemClock, [LISTEN], services)
    const dialler = await host(driver, systemClock, [], services)
    const connection = await dialler.dial(addressOf(listener), { signal: soon() })
    for (let n = 0; n < 20; n += 1) await dialler.services.ping.ping(listener.peerId, { signal: soon() })
    const [there] = listener.getConnections()
    await until(() => (connection.streams.length + (there?.streams.length ?? 1) === 0 ? true : undefined))
    await Promise.all([dialler.stop(), listener.stop()])
  },

  async 'tells the other side of a stream that was aborted'(driver) {
    await withPair(driver, async ({ listener, dialler }) => {
      const arrival = Promise.withResolvers<Stream>()
      await listener.handle('/abort', stream => arrival.resolve(stream))
      const stream = await dialler.dialProtocol(addressOf(listener), '/abort', { signal: soon() })
      stream.send(Uint8Array.of(1))
      const there = await arrival.promise
      const ended = new Promise(resolve =>
        there.addEventListener(driver.canReset ? 'close' : 'remoteCloseWrite', resolve),
      )
      stream.abort(new Error('given up'))
      await ended
      if (driver.canReset) assert.equal(there.status, 'reset')
    })
  },

  async 'delivers what was sent before the connection was closed'(driver) {
    await withPair(driver, async ({ listener, dialler }) => {
      await listener.handle('/last', async (stream, connection) => {
        for (let left = 2 * MIB; left > 0; left -= 64 * 1024)
          if (!stream.send(new Uint8Array(64 * 1024))) await drained(stream)
        await stream.close()
        await connection.close()
      })
      const stream = await dialler.dialProtocol(addressOf(listener), '/last', { signal: soon() })
      const received = allBytes(stream)
      stream.send(Uint8Array.of(1))
      assert.equal(await received, 2 * MIB)
    })
  },

  async 'tells both sides at once of a closed connection, and of a host that stops'(driver) {
    await withPair(driver, async ({ listener, dialler }) => {
      const connection = await dialler.dial(addressOf(listener), { signal: soon() })
      const [there] = await until(() => nonEmpty(listener.getConnections()))
      const heard = closed(there)
      await connection.close()
      assert.ok((await heard) < 3_000)
      const again = await dialler.dial(addressOf(listener), { signal: soon() })
      await until(() => nonEmpty(listener.getConnections()))
      const stopped = closed(again)
      await listener.stop()
      assert.ok((await stopped) < 3_000)
    })
  },

  async 'turns its certificates in place: connections stay, addresses change, old ones are good for one turn'(
    driver,
  ) {
    // Two hours before the current certificate's end: it and the next one are both valid by the time of the machine.
    const sinceStart = CERTIFICATE_LIFE_MS - 2 * HOUR_MS
    const clock = new ManualClock(Date.now() - sinceStart)
    await withPair(
      driver,
      async ({ listener, dialler }) => {
        const before = addressOf(listener)
        const connection = await dialler.dial(before, { signal: soon() })
        clock.setWall(sinceStart)
        await clock.advance(HOUR_MS)
        const after = await until(() => {
          const now = addressOf(listener)
          return now.equals(before) ? undefined : now
        })
        assert.deepEqual(hashesOf(after)[0], hashesOf(before)[1])
        assert.equal(portOf(after), portOf(before))
        await assert.rejects(connection.newStream('/nothing', { signal: soon() }), {
          name: 'UnsupportedProtocolError',
        })
        assert.equal(connection.status, 'open')
        // By a host that knows it and one that does not yet.
        for (const address of [after, before]) {
          const other = await host(driver, systemClock, [])
          await other.dial(address, { signal: soon() })
          await other.stop()
        }
      },
      clock,
    )
  },

  async 'dials nobody else: neither another peer id nor another certificate'(driver) {
    await withPair(driver, async ({ listener, dialler }) => {
      const address = addressOf(listener)
      const other = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
      const wrongPeer = multiaddr(String(address).replace(String(listener.peerId), String(other)))
      await assert.rejects(dialler.dial(wrongPeer, { signal: soon() }))
      const elsewhere = await host(driver, systemClock, [LISTEN])
      const [stranger] = hashesOf(addressOf(elsewhere))
      const [, next] = hashesOf(address)
      // One hash is shown by the server, the other is not its own: somebody else may stand behind it.
      const mixed = multiaddr(String(address).replace(String(next), String(stranger)))
      await assert.rejects(dialler.dial(mixed, { signal: soon() }), /certificates/)
      await elsewhere.stop()
      assert.deepEqual(dialler.getConnections(), [])
    })
  },

  async 'takes thirty who come at once'(driver) {
    await withPair(driver, async ({ listener }) => {
      const hosts = await Promise.all(Array.from({ length: 30 }, () => host(driver, systemClock, [])))
      await Promise.all(hosts.map(each => each.dial(addressOf(listener), { signal: soon() })))
      await until(() => (listener.getConnections().length === 30 ? true : undefined))
      await Promise.all(hosts.map(each => each.stop()))
      await until(() => (listener.getConnections().length === 0 ? true : undefined))
    })
  },
}

function transportOf(driver: QuicDriver, clock: Clock = systemClock) {
  return nodeWebTransport({ driver, noiseCrypto, clock, logger: silentLogger })
}

function host<S extends ServiceMap>(
  driver: QuicDriver,
  clock: Clock,
  listen: string[],
  services?: ServiceFactoryMap<S>,
): Promise<Libp2p<S>> {
  return createLibp2p<S>({
    ...(services === undefined ? {} : { services }),
    datastore: new MemoryDatastore(),
    addresses: { listen },
    transports: [transportOf(driver, clock)],
    connectionManager: { inboundConnectionThreshold: 1_000, maxIncomingPendingConnections: 100 },
    connectionMonitor: { enabled: false },
  })
}

async function withPair(
  driver: QuicDriver,
  check: (pair: { listener: Libp2p; dialler: Libp2p }) => Promise<void>,
  clock: Clock = systemClock,
): Promise<void> {
  const [listener, dialler] = [await host(driver, clock, [LISTEN]), await host(driver, systemClock, [])]
  try {
    await check({ listener, dialler })
  } finally {
    await Promise.all([dialler.stop(), listener.stop()])
  }
}

function addressOf(node: Libp2p): Multiaddr {
  const [address] = node.getMultiaddrs()
  if (address === undefined) throw new Error('it listens nowhere')
  return address
}

function hashesOf(address: Multiaddr): (string | undefined)[] {
  return address.getComponents().flatMap(({ name, value }) => (name === 'certhash' ? [value] : []))
}

function portOf(address: Multiaddr): string | undefined {
  return address.getComponents().find(({ name }) => name === 'udp')?.value
}

function allBytes(stream: Stream): Promise<number> {
  let length = 0
  stream.addEventListener('message', ({ data }) => {
    length += data.byteLength
  })
  return new Promise(resolve => stream.addEventListener('end', () => resolve(length)))
}

async function allText(stream: Stream): Promise<string> {
  const parts: Uint8Array[] = []
  stream.addEventListener('message', ({ data }) => parts.push(data.subarray()))
  await new Promise(resolve => stream.addEventListener('end', resolve))
  return Buffer.concat(parts).toString()
}

function drained(stream: Stream): Promise<unknown> {
  return new Promise(resolve => stream.addEventListener('drain', resolve, { once: true }))
}

/** Milliseconds until the connection was closed. */
function closed(connection: Connection | undefined): Promise<number> {
  const began = performance.now()
  return new Promise(resolve =>
    connection?.addEventListener('close', () => resolve(performance.now() - began)),
  )
}

function nonEmpty<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined
}

async function until<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find()
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Resolves when the number has not changed for 300 ms. */
async function settled(read: () => number): Promise<void> {
  for (let last = -1; read() !== last; ) {
    last = read()
    await new Promise(resolve => setTimeout(resolve, 300))
  }
}
