import { connect, type Socket } from 'node:net'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import type { MeshHost } from '../host-contract.ts'
import { openSession, tcpHost } from '../mesh-pair.fixture.ts'
import type { TransportFactory } from './transport-factory.ts'
import { withBoundedListener } from './websocket-listener.ts'

const UPGRADE_MS = 300

const closing: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map(close => close()))
})

async function listening(transport: TransportFactory): Promise<{ host: MeshHost; port: number }> {
  const host = await tcpHost({ transports: [transport], listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
  closing.push(() => host.close())
  const [address = ''] = host.addresses()
  const port = Number(
    multiaddr(address)
      .getComponents()
      .find(({ name }) => name === 'tcp')?.value,
  )
  return { host, port }
}

function open(port: number, said: string): { socket: Socket; closed: Promise<void> } {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  closing.push(() => socket.destroy())
  const closed = new Promise<void>(resolve => socket.on('close', () => resolve()))
  socket.write(said)
  return { socket, closed }
}

const UPGRADE_REQUEST =
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n'
const HALF_A_REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n'

describe('the WebSocket listener', () => {
  it('still keeps a socket that never becomes a WebSocket, which is why it is bounded', async () => {
    const { port } = await listening(webSockets())
    const { closed } = open(port, HALF_A_REQUEST)
    const ended = await Promise.race([
      closed.then(() => true),
      new Promise(resolve => setTimeout(() => resolve(false), 3 * UPGRADE_MS)),
    ])
    expect(ended).toBe(false)
  })

  it.each(['', HALF_A_REQUEST])('ends one that has said %j for a while', async said => {
    const { port } = await listening(withBoundedListener(webSockets(), UPGRADE_MS))
    await open(port, said).closed
  })

  it('ends one that sends a message of 2 MiB', async () => {
    const { port } = await listening(withBoundedListener(webSockets(), UPGRADE_MS))
    const websocket = new WebSocket(`ws://127.0.0.1:${port}`)
    await new Promise(resolve => websocket.addEventListener('open', resolve))
    websocket.send(new Uint8Array(2 * 1024 * 1024))
    const { code } = await new Promise<CloseEvent>(resolve => websocket.addEventListener('close', resolve))
    // RFC 6455 section 7.4.1: too big.
    expect(code).toBe(1009)
  })

  it('ends one that sends a frame that is none', async () => {
    const { host, port } = await listening(withBoundedListener(webSockets(), UPGRADE_MS))
    const { socket, closed } = open(port, UPGRADE_REQUEST)
    await new Promise(resolve => socket.once('data', resolve))
    // A frame of a client has to be masked (RFC 6455 section 5.1).
    socket.write(Uint8Array.from([0x82, 1, 0]))
    await closed
    const other = await tcpHost({ transports: [webSockets()], listen: [] })
    closing.push(() => other.close())
    await openSession(other, host)
  })

  it('has room for others while silent ones fill it, and keeps what became a session', async () => {
    const { host, port } = await listening(withBoundedListener(webSockets(), UPGRADE_MS))
    const silent = Array.from({ length: 300 }, () => open(port, HALF_A_REQUEST))
    await Promise.all(silent.map(({ closed }) => closed))
    const other = await tcpHost({ transports: [webSockets()], listen: [] })
    closing.push(() => other.close())
    await openSession(other, host)
    await new Promise(resolve => setTimeout(resolve, 2 * UPGRADE_MS))
    expect(await other.ping(host.peerId)).toBeGreaterThan(0)
  })
})
