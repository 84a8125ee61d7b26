/** What the page of the benchmark runs: our dialler and the stock one, against the far end. */
import type { Connection } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { webTransport } from '@libp2p/webtransport'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { browserWebTransport } from '../../src/browser/transports/web-transport.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { ECHO, receiveBytes, SINK, SOURCE, sendBytes } from './streams.ts'

export type Dialler = 'own' | 'stock'

export interface TransportFigures {
  dialMs: number
  /** Of 16 bytes on one stream. */
  roundTripsMs: number[]
  /** Opening a stream, one round trip and closing it. */
  opensMs: number[]
  /** MB/s, a round each. */
  up: number[]
  down: number[]
}

declare global {
  var measureTransport: (
    address: string,
    dialler: Dialler,
    sizes: { bytes: number; rounds: number },
  ) => Promise<TransportFigures>
}

globalThis.measureTransport = async (address, dialler, { bytes, rounds }) => {
  const node = await hostBy(dialler)
  const began = performance.now()
  const connection = await node.dial(multiaddr(address), { signal: AbortSignal.timeout(20_000) })
  const dialMs = performance.now() - began
  try {
    const figures: TransportFigures = { dialMs, roundTripsMs: [], opensMs: [], up: [], down: [] }
    const stream = await connection.newStream(ECHO)
    for (let n = 0; n < 200; n += 1) figures.roundTripsMs.push(await timed(() => echo(stream)))
    await stream.close()
    for (let n = 0; n < 50; n += 1) figures.opensMs.push(await timed(() => open(connection)))
    for (let round = 0; round < rounds; round += 1) {
      figures.up.push(bytes / 1_000 / (await timed(() => up(connection, bytes))))
      figures.down.push(bytes / 1_000 / (await timed(() => down(connection, bytes))))
    }
    return figures
  } finally {
    await node.stop()
  }
}

function hostBy(dialler: Dialler): Promise<Libp2p> {
  return createLibp2p({
    transports: [
      webSockets(),
      dialler === 'own' ? browserWebTransport({ clock: systemClock }) : webTransport(),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: { enabled: false },
  })
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

async function echo(stream: Awaited<ReturnType<Connection['newStream']>>): Promise<void> {
  const received = new Promise(resolve => stream.addEventListener('message', resolve, { once: true }))
  stream.send(new Uint8Array(16))
  await received
}

async function open(connection: Connection): Promise<void> {
  const stream = await connection.newStream(ECHO)
  await echo(stream)
  await stream.close()
}

async function up(connection: Connection, bytes: number): Promise<void> {
  const stream = await connection.newStream(SINK)
  const taken = receiveBytes(stream, 1)
  await sendBytes(stream, bytes)
  await taken
}

async function down(connection: Connection, bytes: number): Promise<void> {
  const stream = await connection.newStream(SOURCE)
  const received = receiveBytes(stream, bytes)
  stream.send(new TextEncoder().encode(String(bytes)))
  await received
  await stream.close()
}
