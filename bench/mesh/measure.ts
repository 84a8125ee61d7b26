/** The measurement itself, the same in a Node process and in a page: echoes and calls on one connection, by turns. */
import type { Connection, Stream } from '@libp2p/interface'
import type { Json, JsonObject } from '../../src/shared/tools/tool.ts'

/** libp2p's ping: its handler sends back whatever comes, and every node serves it. */
const ECHO_PROTOCOL = '/ipfs/ping/1.0.0'
const ROUNDS = 5
/** Operations of a round, one after the other and with 64 in flight. */
const ALONE = 300
const TOGETHER = 1_280
const IN_FLIGHT = 64
const WARM_UP = 300
const FILL = 0x61

/** Round trips in ms. */
export interface Samples {
  echo: number[]
  call: number[]
  /** The same call of a tool that always runs in a worker thread. */
  workerCall: number[]
  echo64: number[]
  /** The same, with the messages of one tick in one write. */
  joinedEcho64: number[]
  call64: number[]
  /** Calls a second of each round with 64 in flight. */
  perSecond64: number[]
}

/** Calls a tool of the other peer, as a peer does. */
export type CallTool = (name: string, input: JsonObject) => Promise<Json>

/** @param bytes of each echo: as long as a call's longer frame */
export async function measure(connection: Connection, call: CallTool, bytes: number): Promise<Samples> {
  const hash = () => call('crypto_hash', { text: 'a'.repeat(64) })
  const query = () => call('data_json_query', { json: 1, query: '$' })
  const samples: Samples = {
    echo: [],
    call: [],
    workerCall: [],
    echo64: [],
    joinedEcho64: [],
    call64: [],
    perSecond64: [],
  }
  await timed(hash, WARM_UP, 1)
  await timed(query, WARM_UP, 1)
  for (let round = 0; round < ROUNDS; round++) {
    samples.echo.push(...(await withEcho(connection, plainly, bytes, echo => timed(echo, ALONE, 1))))
    samples.call.push(...(await timed(hash, ALONE, 1)))
    samples.workerCall.push(...(await timed(query, ALONE, 1)))
    samples.echo64.push(
      ...(await withEcho(connection, plainly, bytes, echo => timed(echo, TOGETHER, IN_FLIGHT))),
    )
    samples.joinedEcho64.push(
      ...(await withEcho(connection, joined, bytes, echo => timed(echo, TOGETHER, IN_FLIGHT))),
    )
    const began = performance.now()
    samples.call64.push(...(await timed(hash, TOGETHER, IN_FLIGHT)))
    samples.perSecond64.push(TOGETHER / ((performance.now() - began) / 1000))
  }
  return samples
}

async function timed(operation: () => Promise<unknown>, count: number, inFlight: number): Promise<number[]> {
  const times: number[] = []
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const started = performance.now()
      await operation()
      times.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return times
}

/** A stream of its own for each round: the handler of the ping protocol ends it after ten seconds. */
async function withEcho<T>(
  connection: Connection,
  write: (stream: Stream, bytes: number) => () => void,
  bytes: number,
  use: (echo: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const stream = await connection.newStream(ECHO_PROTOCOL)
  const result = await use(echoOn(stream, bytes, write(stream, bytes)))
  await stream.close()
  return result
}

/** Echoes come back in order: the first one sent is done when its number of bytes has arrived. */
function echoOn(stream: Stream, bytes: number, write: () => void): () => Promise<void> {
  const waiting: (() => void)[] = []
  let received = 0
  stream.addEventListener('message', ({ data }) => {
    received += data.byteLength
    while (received >= bytes && waiting.length > 0) {
      received -= bytes
      waiting.shift()?.()
    }
  })
  return () =>
    new Promise(resolve => {
      waiting.push(resolve)
      write()
    })
}

/** A raw echo: each message is a write of its own. */
function plainly(stream: Stream, bytes: number): () => void {
  const payload = new Uint8Array(bytes).fill(FILL)
  return () => {
    stream.send(payload)
  }
}

/** Messages of one tick in one write, as the session does with small frames: all of them together are one echo. */
function joined(stream: Stream, bytes: number): () => void {
  let unsent = 0
  const flush = (): void => {
    stream.send(new Uint8Array(bytes * unsent).fill(FILL))
    unsent = 0
  }
  return () => {
    if (unsent === 0) queueMicrotask(flush)
    unsent += 1
  }
}
