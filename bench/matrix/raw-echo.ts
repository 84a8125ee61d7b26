/** libp2p's ping protocol as an echo: its handler sends back whatever comes, and every host serves it. */
import type { Connection, Stream } from '@libp2p/interface'

const ECHO_PROTOCOL = '/ipfs/ping/1.0.0'
/** Bytes of a small echo. */
const SMALL = 256
/** Bytes of one write of a large echo, and of those that may be under way: less than what libp2p holds unread. */
const CHUNK = 32 * 1024
const WINDOW = 1024 * 1024

/** Milliseconds of so many echoes, one after the other. */
export async function echoTimes(connection: Connection, count: number): Promise<number[]> {
  return withEcho(connection, async (stream, received) => {
    const times: number[] = []
    const payload = new Uint8Array(SMALL).fill(97)
    for (let n = 1; n <= count; n++) {
      const began = performance.now()
      stream.send(payload)
      await received(n * SMALL)
      times.push(performance.now() - began)
    }
    return times
  })
}

/** MB/s of so many bytes there and back, as many as a window of them under way. */
export async function echoRate(connection: Connection, bytes: number): Promise<number> {
  return withEcho(connection, async (stream, received) => {
    const payload = new Uint8Array(CHUNK).fill(97)
    const began = performance.now()
    for (let sent = 0; sent < bytes; sent += CHUNK) {
      await received(sent - WINDOW)
      stream.send(payload)
    }
    await received(bytes)
    return bytes / 1e6 / ((performance.now() - began) / 1000)
  })
}

/** Resolves when so many bytes in all have come back. */
type Received = (bytes: number) => Promise<void>

async function withEcho<T>(
  connection: Connection,
  work: (stream: Stream, received: Received) => Promise<T>,
): Promise<T> {
  const stream = await connection.newStream(ECHO_PROTOCOL, { runOnLimitedConnection: true })
  let total = 0
  let waiting: { bytes: number; resolve: () => void; reject: (error: Error) => void } | undefined
  stream.addEventListener('message', ({ data }) => {
    total += data.byteLength
    if (waiting === undefined || total < waiting.bytes) return
    waiting.resolve()
    waiting = undefined
  })
  stream.addEventListener('close', () => waiting?.reject(new Error('the echo ended')))
  try {
    return await work(stream, bytes => {
      if (total >= bytes) return Promise.resolve()
      return new Promise((resolve, reject) => {
        waiting = { bytes, resolve, reject }
      })
    })
  } finally {
    await stream.close()
  }
}
