/** The few messages of STUN (RFC 8489) by which a peer learns under which address others see it. */

/** Of every message (section 5). */
const MAGIC_COOKIE = 0x2112a442
const HEADER_BYTES = 20

const BINDING_REQUEST = 0x0001
const BINDING_SUCCESS = 0x0101
const BINDING_ERROR = 0x0111

const ERROR_CODE = 0x0009
const UNKNOWN_ATTRIBUTES = 0x000a
const XOR_MAPPED_ADDRESS = 0x0020

/** Attributes from here on may be ignored by who does not know them (section 14). */
const OPTIONAL_FROM = 0x8000

/** Of the attributes that must be understood, these say nothing that changes the answer to a binding request: ICE's own. */
const UNDERSTOOD: ReadonlySet<number> = new Set([0x0006, 0x0008, 0x0024, 0x0025])

/** The largest request that is read, in bytes; what WebRTC sends has 20 to some 100. */
export const LARGEST_REQUEST_BYTES = 548

export interface MappedAddress {
  /** IPv4 as 192.0.2.1, or IPv6. */
  address: string
  port: number
}

/** The answer to a datagram from there; undefined for one that is no binding request. */
export function answerStun(request: Uint8Array, from: MappedAddress): Uint8Array | undefined {
  const attributes = attributesOf(request, BINDING_REQUEST)
  if (attributes === undefined) return undefined
  const unknown = attributes
    .map(({ type }) => type)
    .filter(type => type < OPTIONAL_FROM && !UNDERSTOOD.has(type))
  if (unknown.length > 0) return message(BINDING_ERROR, request, unknownAttributes(unknown))
  return message(BINDING_SUCCESS, request, [attribute(XOR_MAPPED_ADDRESS, xored(from, request))])
}

/** A binding request with this transaction id of 12 bytes. */
export function stunRequest(transaction: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, BINDING_REQUEST)
  view.setUint32(4, MAGIC_COOKIE)
  bytes.set(transaction.subarray(0, 12), 8)
  return bytes
}

/** What the answer to that request says; undefined for anything else. */
export function mappedAddress(answer: Uint8Array, request: Uint8Array): MappedAddress | undefined {
  if (answer.length < HEADER_BYTES || !sameTransaction(answer, request)) return undefined
  const mapped = attributesOf(answer, BINDING_SUCCESS)?.find(({ type }) => type === XOR_MAPPED_ADDRESS)
  if (mapped === undefined || (mapped.value.length !== 8 && mapped.value.length !== 20)) return undefined
  const mask = maskOf(request)
  const view = new DataView(mapped.value.buffer, mapped.value.byteOffset, mapped.value.byteLength)
  const bytes = mapped.value.subarray(4).map((byte, n) => byte ^ (mask[n] ?? 0))
  return { address: textOf(bytes), port: view.getUint16(2) ^ (MAGIC_COOKIE >>> 16) }
}

interface Attribute {
  type: number
  value: Uint8Array
}

function attributesOf(bytes: Uint8Array, wanted: number): Attribute[] | undefined {
  if (bytes.length < HEADER_BYTES || bytes.length > LARGEST_REQUEST_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.getUint16(2)
  if (view.getUint16(0) !== wanted || view.getUint32(4) !== MAGIC_COOKIE) return undefined
  if (length % 4 !== 0 || length !== bytes.length - HEADER_BYTES) return undefined
  const attributes: Attribute[] = []
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    if (at + 4 > bytes.length) return undefined
    const size = view.getUint16(at + 2)
    const end = at + 4 + size
    if (end > bytes.length) return undefined
    attributes.push({ type: view.getUint16(at), value: bytes.subarray(at + 4, end) })
    at = end + ((4 - (size % 4)) % 4)
  }
  return attributes
}

function message(type: number, request: Uint8Array, attributes: Uint8Array[]): Uint8Array {
  const length = attributes.reduce((sum, { length: size }) => sum + size, 0)
  const bytes = new Uint8Array(HEADER_BYTES + length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, type)
  view.setUint16(2, length)
  bytes.set(request.subarray(4, HEADER_BYTES), 4)
  let at = HEADER_BYTES
  for (const one of attributes) {
    bytes.set(one, at)
    at += one.length
  }
  return bytes
}

function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + Math.ceil(value.length / 4) * 4)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, type)
  view.setUint16(2, value.length)
  bytes.set(value, 4)
  return bytes
}

/** Section 14.8 and 14.9: 420, and what was not understood. */
function unknownAttributes(types: number[]): Uint8Array[] {
  const listed = new Uint8Array(Math.min(types.length, 4) * 2)
  types.slice(0, 4).forEach((type, n) => {
    new DataView(listed.buffer).setUint16(n * 2, type)
  })
  return [attribute(ERROR_CODE, Uint8Array.of(0, 0, 4, 20)), attribute(UNKNOWN_ATTRIBUTES, listed)]
}

/** Section 14.2. */
function xored({ address, port }: MappedAddress, request: Uint8Array): Uint8Array {
  const bytes = bytesOf(address)
  const mask = maskOf(request)
  const value = new Uint8Array(4 + bytes.length)
  value[1] = bytes.length === 4 ? 1 : 2
  new DataView(value.buffer).setUint16(2, port ^ (MAGIC_COOKIE >>> 16))
  value.set(
    bytes.map((byte, n) => byte ^ (mask[n] ?? 0)),
    4,
  )
  return value
}

/** The magic cookie and the transaction id. */
function maskOf(request: Uint8Array): Uint8Array {
  return request.subarray(4, HEADER_BYTES)
}

function sameTransaction(a: Uint8Array, b: Uint8Array): boolean {
  return a.subarray(4, HEADER_BYTES).every((byte, n) => byte === b[4 + n])
}

function bytesOf(address: string): Uint8Array {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '')
  if (!plain.includes(':')) return Uint8Array.from(plain.split('.'), Number)
  const [before = '', after] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::')
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
  const [first, last] = [groups(before), after === undefined ? [] : groups(after)]
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last]
  return Uint8Array.from(all.flatMap(group => [group >> 8, group & 0xff]))
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const groups = Array.from({ length: 8 }, (_, n) => view.getUint16(n * 2).toString(16)).join(':')
  // The platform writes IPv6 as RFC 5952 has it.
  return new URL(`http://[${groups}]`).hostname.slice(1, -1)
}
