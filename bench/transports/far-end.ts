/** The listening side, run by Node or by Deno: a libp2p host with an echo, a sink and a source. Prints its addresses as JSON. */
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { noiseCrypto } from '../../src/node/transports/noise-crypto.ts'
import { loadQuicDriver } from '../../src/node/transports/webtransport/quic-driver.ts'
import { nodeWebTransport } from '../../src/node/transports/webtransport/web-transport.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { ECHO, SINK, SOURCE, sendBytes } from './streams.ts'

const driver = await loadQuicDriver({
  clock: systemClock,
  random: bytes => crypto.getRandomValues(bytes),
  logger: silentLogger,
})
if (driver === undefined) throw new Error('no QUIC here')
const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/udp/0/quic-v1/webtransport', '/ip4/127.0.0.1/tcp/0/ws'] },
  transports: [
    webSockets(),
    nodeWebTransport({ driver, noiseCrypto, clock: systemClock, logger: silentLogger }),
  ],
  connectionEncrypters: [noise({ crypto: noiseCrypto })],
  streamMuxers: [yamux()],
  connectionMonitor: { enabled: false },
})

await node.handle(ECHO, stream => {
  stream.addEventListener('message', ({ data }) => {
    stream.send(data)
  })
  stream.addEventListener('remoteCloseWrite', () => void stream.close())
})
await node.handle(SINK, stream => {
  stream.addEventListener('message', () => {})
  stream.addEventListener('remoteCloseWrite', () => {
    stream.send(Uint8Array.of(1))
    void stream.close()
  })
})
await node.handle(SOURCE, stream => {
  stream.addEventListener('message', ({ data }) => {
    void sendBytes(stream, Number(new TextDecoder().decode(data.subarray())))
  })
})
process.stdout.write(`${JSON.stringify(node.getMultiaddrs().map(String))}\n`)
process.stdin.resume().once('end', () => process.exit(0))
