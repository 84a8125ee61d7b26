import { once } from 'node:events'
import { connect } from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { H3Error } from './h3-error.ts'
import { decodeHuffman } from './huffman.ts'

const ofHex = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

it('reads the examples of RFC 7541, appendix C', () => {
  expect(textOf(decodeHuffman(ofHex('f1e3c2e5f23a6ba0ab90f4ff')))).toBe('www.example.com')
  expect(textOf(decodeHuffman(ofHex('a8eb10649cbf')))).toBe('no-cache')
  expect(textOf(decodeHuffman(ofHex('25a849e95bb8e8b4bf')))).toBe('custom-value')
  expect(textOf(decodeHuffman(ofHex('9d29ad171863c78f0b97c8e9ae82ae43d3')))).toBe('https://www.example.com')
})

it('refuses padding of more than seven bits, padding with zeros, and the end-of-string symbol', () => {
  expect(textOf(decodeHuffman(ofHex('1f')))).toBe('a')
  expect(() => decodeHuffman(ofHex('1fff'))).toThrow(H3Error)
  expect(() => decodeHuffman(ofHex('18'))).toThrow(H3Error)
  expect(() => decodeHuffman(ofHex('ffffffff'))).toThrow(H3Error)
})

it('reads every octet as another implementation writes it', async () => {
  const values = Array.from({ length: 256 }, (_, octet) => octet)
    .filter(octet => octet > 32 && octet !== 127)
    // Among short codes, so that the whole is shorter in Huffman.
    .map(octet => `${'e'.repeat(40)}${String.fromCharCode(octet)}e`)
  const coded = await codedByNghttp2(values)
  expect(coded.map(each => textOf(decodeHuffman(each)))).toEqual(values)
})

/** The Huffman codings of field values, from the HEADERS frames that Node's own HTTP/2 sends. */
async function codedByNghttp2(values: string[]): Promise<Uint8Array[]> {
  const settings = ofHex('000000040000000000')
  const payloads: Buffer[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const server = createServer(socket => {
    socket.write(settings)
    socket.on('error', () => {})
    let received = Buffer.alloc(0)
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      payloads.splice(0, payloads.length, ...headersFrames(received))
      if (payloads.length === values.length) resolve()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  client.on('error', () => {})
  for (const value of values) client.request({ 'x-value': value }).on('error', () => {})
  await promise
  client.destroy()
  server.close()
  return payloads.map(lastString)
}

/** Payloads of the HEADERS frames (RFC 9113, 4.1) behind the client's preface. */
function headersFrames(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 24; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    if (end > bytes.length) break
    if (bytes[at + 3] === 1) frames.push(bytes.subarray(at + 9, end))
    at = end
  }
  return frames
}

/** The string that ends a header block: Huffman-coded, shorter than 127 bytes, and beginning with the code of `eeee`. */
function lastString(block: Buffer): Uint8Array {
  const at = block.findIndex(
    (byte, index) => byte === (0x80 | (block.length - index - 1)) && block[index + 1] === 0x29,
  )
  return block.subarray(at + 1)
}
