import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import type { TransportFactory } from './transport-factory.ts'
import { withErrorsOnly } from './websocket-error.ts'

/** The discard port: nobody listens there. */
const NOBODY = multiaddr('/ip4/127.0.0.1/tcp/9/ws')

let libp2p: Libp2p | undefined

afterEach(() => libp2p?.stop())

/** What the transport's own `dial` rejects with. */
async function failureOf(factory: TransportFactory): Promise<unknown> {
  const failure = Promise.withResolvers<unknown>()
  const spied: TransportFactory = components => {
    const transport = factory(components)
    const dial = transport.dial.bind(transport)
    transport.dial = (address, options) => {
      const dialled = dial(address, options)
      dialled.catch(failure.resolve)
      return dialled
    }
    return transport
  }
  libp2p = await createLibp2p({
    transports: [spied],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  await libp2p.dial(NOBODY).catch(() => {})
  return failure.promise
}

describe('websocket dial errors', () => {
  it('are still no Error in @libp2p/websockets, which is why they are wrapped', async () => {
    expect(await failureOf(webSockets())).not.toBeInstanceOf(Error)
  })

  it('are an Error that names the address', async () => {
    const failure = await failureOf(withErrorsOnly(webSockets()))
    expect(failure).toBeInstanceOf(Error)
    expect(String(failure)).toContain('/ip4/127.0.0.1/tcp/9/ws')
  })
})
