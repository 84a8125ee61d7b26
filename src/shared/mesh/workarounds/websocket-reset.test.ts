import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import type { TransportFactory } from './transport-factory.ts'
import { withWorkingResets } from './websocket-reset.ts'

const hosts: Libp2p[] = []

afterEach(async () => {
  await Promise.all(hosts.splice(0).map(host => host.stop()))
})

async function host(factory: TransportFactory, listen: string[] = []): Promise<Libp2p> {
  const made = await createLibp2p({
    addresses: { listen },
    transports: [factory],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: { enabled: false },
  })
  hosts.push(made)
  return made
}

/** Whether the other side soon hears that a connection was aborted, by its dialler and by its listener. */
async function isHeard(factory: TransportFactory, aborter: 'dialler' | 'listener'): Promise<boolean> {
  const listener = await host(factory, ['/ip4/127.0.0.1/tcp/0/ws'])
  const dialler = await host(factory)
  await dialler.dial(listener.getMultiaddrs())
  await expect.poll(() => listener.getConnections().length).toBe(1)
  const [own, other] = aborter === 'dialler' ? [dialler, listener] : [listener, dialler]
  own.getConnections()[0]?.abort(new Error('enough'))
  const until = performance.now() + 500
  while (other.getConnections().length > 0 && performance.now() < until)
    await new Promise(resolve => setTimeout(resolve, 10))
  return other.getConnections().length === 0
}

describe('a WebSocket connection that is aborted', () => {
  it('still stays open in @libp2p/websockets, which is why it is ended', async () => {
    expect(await isHeard(webSockets(), 'dialler')).toBe(false)
  })

  it.each(['dialler', 'listener'] as const)('ends, by its %s', async aborter => {
    expect(await isHeard(withWorkingResets(webSockets()), aborter)).toBe(true)
  })
})
