import type { Multiaddr } from '@multiformats/multiaddr'
import { WebTransport } from '@multiformats/multiaddr-matcher'
import { InvalidInputError } from '../../errors.ts'
import { parseCerthash } from './certhash.ts'

/** Where libp2p is found on a WebTransport server (libp2p's WebTransport specification). */
export const LIBP2P_PATH = '/.well-known/libp2p-webtransport?type=noise'

export interface WebTransportAddress {
  /** IP address or DNS name, without brackets. */
  host: string
  port: number
  /** Multihashes of the certificates that the server may show; none: one that a public authority signed. */
  certhashes: Uint8Array[]
}

/** `/<ip or dns>/udp/<port>/quic-v1/webtransport[/certhash/<hash>]…[/p2p/<id>]`, and not through a relay. */
export function isWebTransportAddress(address: Multiaddr): boolean {
  return WebTransport.exactMatch(address)
}

/** Throws `invalid_input` for another kind of address, and for a hash that is not a multihash of SHA-256. */
export function parseWebTransportAddress(address: Multiaddr): WebTransportAddress {
  if (!isWebTransportAddress(address))
    throw new InvalidInputError('address', String(address), 'a WebTransport address')
  const parts = address.getComponents()
  const certhashes = parts.filter(({ name }) => name === 'certhash').map(({ value = '' }) => hashOf(value))
  const [{ value: host = '' } = {}] = parts
  const port = Number(parts.find(({ name }) => name === 'udp')?.value)
  return { host, port, certhashes }
}

function hashOf(value: string): Uint8Array {
  const certhash = parseCerthash(value)
  if (certhash === undefined)
    throw new InvalidInputError('certhash', value, 'a SHA-256 multihash in multibase base64url')
  return certhash
}
