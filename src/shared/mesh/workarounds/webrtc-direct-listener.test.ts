import { createSocket } from 'node:dgram'
import { webRTCDirect } from '@libp2p/webrtc'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { openSession, tcpHost } from '../mesh-pair.fixture.ts'
import type { TransportFactory } from './transport-factory.ts'
import {
  isDirectListener,
  PEER_CONNECTIONS_PENDING,
  withBoundedPeerConnections,
} from './webrtc-direct-listener.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const direct = () => webRTCDirect({ rtcConfiguration: { iceServers: [] } })

/** The most peer connections that a listener had at once. */
function counted(factory: TransportFactory): { factory: TransportFactory; most: () => number } {
  let most = 0
  const watched: TransportFactory = components => {
    const transport = factory(components)
    const createListener = transport.createListener.bind(transport)
    transport.createListener = options => {
      const listener = createListener(options)
      if (!isDirectListener(listener)) throw new Error('the listener has no such method any more')
      const set = listener.connections.set.bind(listener.connections)
      listener.connections.set = (key, value) => {
        most = Math.max(most, listener.connections.size + 1)
        return set(key, value)
      }
      return listener
    }
    return transport
  }
  return { factory: watched, most: () => most }
}

/** STUN binding requests (RFC 8489) of so many users, each a peer that never goes on. */
async function requests(port: number, count: number): Promise<void> {
  const socket = createSocket('udp4')
  closing.push(() => new Promise<void>(resolve => socket.close(resolve)))
  for (let n = 0; n < count; n += 1) {
    const own = `libp2p+webrtc+v1/hostile${n}`
    const name = attribute(0x0006, Buffer.from(`${own}:${own}`))
    // MESSAGE-INTEGRITY, which nobody can check before the peer connection is there.
    const attributes = Buffer.concat([name, attribute(0x0008, Buffer.alloc(20, n))])
    const header = Buffer.from([0, 1, 0, attributes.length, 0x21, 0x12, 0xa4, 0x42])
    const transaction = Buffer.alloc(12, n)
    await new Promise(resolve =>
      socket.send(Buffer.concat([header, transaction, attributes]), port, '127.0.0.1', resolve),
    )
    if (n % 10 === 9) await new Promise(resolve => setTimeout(resolve, 5))
  }
}

function attribute(type: number, value: Buffer): Buffer {
  const padding = Buffer.alloc((4 - (value.length % 4)) % 4)
  return Buffer.concat([Buffer.from([0, type, 0, value.length]), value, padding])
}

async function flooded(factory: TransportFactory, count: number) {
  const { factory: transport, most } = counted(factory)
  const limits = { handshakeMs: 2000 }
  const host = await tcpHost({
    transports: [transport],
    listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'],
    limits,
  })
  closing.push(() => host.close())
  const [address = ''] = host.addresses()
  const udp = multiaddr(address)
    .getComponents()
    .find(({ name }) => name === 'udp')
  await requests(Number(udp?.value), count)
  return { host, most }
}

describe('the WebRTC-Direct listener', () => {
  it('still makes a peer connection for each packet, which is why they are bounded', async () => {
    const { most } = await flooded(direct(), 2 * PEER_CONNECTIONS_PENDING)
    expect(most()).toBeGreaterThan(PEER_CONNECTIONS_PENDING)
  })

  it('makes so many at once at most, and has room again when these have failed', {
    timeout: 20_000,
  }, async () => {
    const { host, most } = await flooded(withBoundedPeerConnections(direct()), 4 * PEER_CONNECTIONS_PENDING)
    expect(most()).toBeLessThanOrEqual(PEER_CONNECTIONS_PENDING)
    await new Promise(resolve => setTimeout(resolve, 2100))
    const other = await tcpHost({ transports: [direct()], listen: [] })
    closing.push(() => other.close())
    const { dialled } = await openSession(other, host)
    expect(dialled.path).toBe('webrtc-direct')
  })
})
