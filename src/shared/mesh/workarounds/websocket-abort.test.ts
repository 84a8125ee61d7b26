import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Transport } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import type { TransportFactory } from './transport-factory.ts'
import { withClosedAborts } from './websocket-abort.ts'

const ends: (() => void)[] = []

afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** Whether the socket of a dial that is aborted before it is open ends soon. */
async function endsWhenAborted(factory: TransportFactory): Promise<boolean> {
  const arrival = Promise.withResolvers<Socket>()
  const server = createServer(socket => {
    arrival.resolve(socket.on('error', () => {}).resume())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const components = { logger: { forComponent: () => () => {} } }
  const transport = factory(components as unknown as Parameters<TransportFactory>[0])
  const control = new AbortController()
  const options = { signal: control.signal } as Parameters<Transport['dial']>[1]
  const dialling = transport.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}/ws`), options)
  const socket = await arrival.promise
  ends.push(() => {
    socket.destroy()
    server.close()
  })
  control.abort(new Error('given up'))
  await expect(dialling).rejects.toThrow()
  const ended = new Promise<boolean>(resolve => socket.once('close', () => resolve(true)))
  const waited = new Promise<boolean>(resolve => setTimeout(() => resolve(false), 300))
  return Promise.race([ended, waited])
}

describe('a WebSocket dial that is aborted', () => {
  it('still leaves its socket behind in @libp2p/websockets, which is why it is closed', async () => {
    expect(await endsWhenAborted(webSockets())).toBe(false)
  })

  it('closes its socket', async () => {
    expect(await endsWhenAborted(withClosedAborts(webSockets()))).toBe(true)
  })

  it('that is refused says so', async () => {
    const components = { logger: { forComponent: () => () => {} } }
    const transport = withClosedAborts(webSockets())(components as unknown as Parameters<TransportFactory>[0])
    const options = { signal: AbortSignal.timeout(5000) } as Parameters<Transport['dial']>[1]
    await expect(transport.dial(multiaddr('/ip4/127.0.0.1/tcp/9/ws'), options)).rejects.toBeDefined()
  })
})
