/** `peer-process.ts [--relay]`, in Node or Deno: a matrix peer that is told what to do by lines of JSON, and answers by such. */
import { createInterface } from 'node:readline'
import { nodeTransports, RELAYED_LISTEN } from '../../src/node/transports/node-transports.ts'
import { noiseCrypto } from '../../src/node/transports/noise-crypto.ts'
import { loadQuicDriver } from '../../src/node/transports/webtransport/quic-driver.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { type MatrixPeer, startMatrixPeer } from './matrix-peer.ts'

const relayServer = process.argv.includes('--relay')
const quic = await loadQuicDriver({
  clock: systemClock,
  random: bytes => crypto.getRandomValues(bytes),
  logger: silentLogger,
})
const listen = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/webrtc-direct']
const peer = await startMatrixPeer({
  transports: nodeTransports({ quic }),
  noiseCrypto,
  relayServer,
  listen: [
    ...listen,
    ...(quic === undefined ? [] : ['/ip4/127.0.0.1/udp/0/quic-v1/webtransport']),
    ...(relayServer ? [] : RELAYED_LISTEN),
  ],
})

const lines = createInterface(process.stdin)
lines.on('line', async line => {
  const { id, method, args } = JSON.parse(line) as { id: number; method: keyof MatrixPeer; args: never[] }
  const answer = await answerTo(method, args)
  process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`)
})
lines.on('close', () => process.exit(0))
process.stdout.write(`${JSON.stringify({ id: 0, result: peer.peerId })}\n`)

async function answerTo(method: keyof MatrixPeer, args: never[]): Promise<object> {
  try {
    if (method === 'measure')
      return { result: await peer.measure(...(args as unknown as Parameters<MatrixPeer['measure']>)) }
    if (method === 'join')
      return { result: (await peer.join(...(args as unknown as Parameters<MatrixPeer['join']>))) ?? null }
    return { result: peer.addresses() }
  } catch (error) {
    return { error: error instanceof Error ? `${error.message} ${String(error.cause ?? '')}` : String(error) }
  }
}
