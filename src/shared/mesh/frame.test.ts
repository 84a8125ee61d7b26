import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, FrameDecoder, frameOf, parseBody } from './frame.ts'

const MAX = 16 * 1024 * 1024

function header(length: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, length)
  return bytes
}

function decodeAll(decoder: FrameDecoder, chunks: Uint8Array[]): unknown[] {
  return chunks.flatMap(chunk => [...decoder.push(chunk)].map(parseBody))
}

describe('frames', () => {
  it('come out as they went in, however the bytes are cut', () => {
    const values = fc.array(fc.jsonValue(), { minLength: 1, maxLength: 8 })
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(values, cuts, (frames, sizes) => {
        const bytes = Buffer.concat(frames.map(value => encodeFrame(JSON.stringify(value))))
        const chunks: Uint8Array[] = []
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length]!
          chunks.push(bytes.subarray(at, at + size))
          at += size
        }
        expect(decodeAll(new FrameDecoder(MAX), chunks)).toEqual(
          frames.map(value => JSON.parse(JSON.stringify(value))),
        )
      }),
    )
  })

  it('start with four big-endian bytes of length', () => {
    expect([...encodeFrame('{"é":1}')].slice(0, 4)).toEqual([0, 0, 0, 8])
  })

  it('refuse a length over the limit by the header alone, before anything is allocated', () => {
    const decoder = new FrameDecoder(MAX)
    const before = process.memoryUsage().arrayBuffers
    expect(() => [...decoder.push(header(MAX + 1))]).toThrow(
      expect.objectContaining({ code: 'frame_too_large' }),
    )
    expect(() => [...new FrameDecoder(MAX).push(header(0xffffffff))]).toThrow(/4294967295/)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024)
  })

  it('allocate for what has arrived, not for what the header announces', () => {
    const before = process.memoryUsage().arrayBuffers
    const decoders = Array.from({ length: 64 }, () => new FrameDecoder(MAX))
    for (const decoder of decoders) for (const _ of decoder.push(header(MAX))) expect.unreachable()
    for (const decoder of decoders) for (const _ of decoder.push(new Uint8Array(10))) expect.unreachable()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024)
  })

  it('accept exactly the limit', () => {
    const body = new Uint8Array(1024).fill(0x20)
    body.set(new TextEncoder().encode('7'))
    expect([...new FrameDecoder(1024).push(frameOf(body))].map(parseBody)).toEqual([7])
  })

  it('refuse length zero', () => {
    expect(() => [...new FrameDecoder(MAX).push(header(0))]).toThrow(
      expect.objectContaining({ code: 'bad_frame' }),
    )
  })

  it.each([
    ['bytes that are not UTF-8', new Uint8Array([0x22, 0xc3, 0x28, 0x22]), /UTF-8/],
    ['a lone surrogate in UTF-8', new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), /UTF-8/],
    ['text that is not JSON', new TextEncoder().encode('{"a":'), /JSON/],
    ['a byte order mark', new Uint8Array([0xef, 0xbb, 0xbf, 0x31]), /JSON/],
  ])('refuse %s', (_, body, message) => {
    const [frame] = new FrameDecoder(MAX).push(frameOf(body))
    expect(() => parseBody(frame!)).toThrow(
      expect.objectContaining({ code: 'bad_frame', message: expect.stringMatching(message) }),
    )
  })

  it.each([
    ['a header', header(5).subarray(0, 3)],
    ['a body', frameOf(new Uint8Array(5)).subarray(0, 7)],
  ])('say when the sender ends inside %s', (_, bytes) => {
    const decoder = new FrameDecoder(MAX)
    expect([...decoder.push(bytes)]).toEqual([])
    expect(() => decoder.end()).toThrow(expect.objectContaining({ code: 'bad_frame' }))
  })

  it('take one byte at a time in linear time', () => {
    const text = JSON.stringify('x'.repeat(400_000))
    const frame = encodeFrame(text)
    const decoder = new FrameDecoder(MAX)
    const began = performance.now()
    let found: unknown
    for (let at = 0; at < frame.length; at += 1) {
      for (const body of decoder.push(frame.subarray(at, at + 1))) found = parseBody(body)
    }
    expect(found).toBe(JSON.parse(text))
    expect(performance.now() - began).toBeLessThan(5000)
  })
})
