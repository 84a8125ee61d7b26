import type { Stream } from '@libp2p/interface'

export const ECHO = '/bench/echo'
/** Takes everything and answers with one byte at its end. */
export const SINK = '/bench/sink'
/** Sends as many bytes as it is asked for, and ends. */
export const SOURCE = '/bench/source'

const CHUNK = new Uint8Array(64 * 1024)

/** Sends so many bytes, as fast as they are taken, and ends the direction. */
export async function sendBytes(stream: Stream, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= CHUNK.byteLength) {
    if (stream.send(CHUNK.subarray(0, left))) continue
    await new Promise(resolve => stream.addEventListener('drain', resolve, { once: true }))
  }
  await stream.close()
}

/** Resolves when so many bytes have come. */
export function receiveBytes(stream: Stream, bytes: number): Promise<void> {
  let left = bytes
  return new Promise(resolve => {
    stream.addEventListener('message', ({ data }) => {
      left -= data.byteLength
      if (left <= 0) resolve()
    })
  })
}
