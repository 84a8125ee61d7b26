import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { inOrder } from './webrtc-signal-order.ts'

const OFFER = 0
const ANSWER = 1
const CANDIDATE = 2

/** A message as the transport writes it: its length, its type, its text of so many bytes. */
function message(type: number, text: string): Uint8ArrayList {
  const data = new TextEncoder().encode(text)
  const body = Uint8Array.of(0x08, type, 0x12, ...varint(data.length), ...data)
  return new Uint8ArrayList(Uint8Array.from(varint(body.length)), body)
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)]
}

function recorded(): { stream: Stream; sent: Uint8ArrayList[] } {
  const sent: Uint8ArrayList[] = []
  const stream = { send: (data: Uint8ArrayList) => sent.push(data) > 0 } as unknown as Stream
  return { stream: inOrder(stream), sent }
}

describe('signals of a WebRTC handshake', () => {
  it('are still sent by @libp2p/webrtc as they are found, which is why candidates are held back', async () => {
    const entry = fileURLToPath(import.meta.resolve('@libp2p/webrtc'))
    const source = await readFile(
      entry.replace(/index\.js$/, 'private-to-private/initiate-connection.js'),
      'utf8',
    )
    expect(source.indexOf('peerConnection.onicecandidate =')).toBeGreaterThan(0)
    expect(source.indexOf('peerConnection.onicecandidate =')).toBeLessThan(source.indexOf('Type.SDP_OFFER'))
  })

  it.each([
    ['an offer', OFFER],
    ['an answer', ANSWER],
  ])('go after %s, in their order', (_, type) => {
    const { stream, sent } = recorded()
    const early = [message(CANDIDATE, 'one'), message(CANDIDATE, 'two'.repeat(100))]
    const description = message(type, 'v=0'.repeat(500))
    const late = message(CANDIDATE, 'three')
    for (const each of [...early, description, late]) stream.send(each)
    expect(sent).toEqual([description, ...early, late])
  })

  it('are left alone when they come in the right order', () => {
    const { stream, sent } = recorded()
    const right = [message(OFFER, 'v=0'), message(CANDIDATE, 'one')]
    for (const each of right) stream.send(each)
    expect(sent).toEqual(right)
  })
})
