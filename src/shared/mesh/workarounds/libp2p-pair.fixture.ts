import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2pOptions } from 'libp2p'

const PROTOCOL = '/test/1.0.0'

/** For tests: a stream between two hosts on TCP, from both sides, with `dialler` over the defaults of its host. */
export async function openStream(
  dialler: Libp2pOptions = {},
): Promise<{ dialled: Stream; accepted: Stream; stop(): Promise<void> }> {
  const common = { transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] }
  const listener = await createLibp2p({ ...common, addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] } })
  const host = await createLibp2p({ ...common, ...dialler })
  const arrival = Promise.withResolvers<Stream>()
  await listener.handle(PROTOCOL, stream => arrival.resolve(stream))
  const dialled = await host.dialProtocol(listener.getMultiaddrs(), PROTOCOL)
  return {
    dialled,
    accepted: await arrival.promise,
    async stop() {
      await host.stop()
      await listener.stop()
    },
  }
}

/** Resolves when so many bytes have come. */
export async function received(stream: Stream, bytes: number): Promise<void> {
  let seen = 0
  const all = Promise.withResolvers<void>()
  stream.addEventListener('message', ({ data }) => {
    seen += data.byteLength
    if (seen >= bytes) all.resolve()
  })
  await all.promise
}
