import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { pathOf } from '../connection-path.ts'
import type { Path } from '../session-contract.ts'
import { MAX_ADDRESS_CHARS } from './announcement-limits.ts'

/** An address as the book keeps it. */
export interface PeerAddress {
  /** Multiaddr without the peer's own id at its end. */
  address: string
  path: Path
}

/**
 * One address of a peer, read; undefined for what no peer can be dialled by: not a multiaddr, too long, without a
 * port, any port, any host, or of another peer.
 */
export function readPeerAddress(text: string, peerId: string): PeerAddress | undefined {
  if (text.length > MAX_ADDRESS_CHARS) return undefined
  const own = `/p2p/${peerId}`
  const address = text.endsWith(own) ? text.slice(0, -own.length) : text
  const parsed = parse(address)
  if (parsed === undefined || !isDialable(parsed)) return undefined
  return { address, path: pathOf(parsed) }
}

/** The whole multiaddr, which a dial insists on. */
export function dialAddress(address: string, peerId: string): string {
  return `${address}/p2p/${peerId}`
}

/** The host that an address begins with, as `127.0.0.1`; undefined for one that has none. */
export function hostOf(address: string): string | undefined {
  const [, kind, host] = address.split('/', 3)
  return kind !== undefined && HOST_KINDS.has(kind) ? host : undefined
}

/** Good only on the machine of the peer itself. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.test(address)
}

/** What an address says of the relay that it leads through: everything before the circuit; undefined for a direct one. */
export function relayOf(address: string): string | undefined {
  const relay = /\/p2p\/([^/]+)\/p2p-circuit(\/|$)/.exec(address)
  return relay?.[1]
}

const HOST_KINDS: ReadonlySet<string> = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6', 'dnsaddr'])
const LOOPBACK = /^\/(ip4\/127\.|ip6\/::1(\/|$)|dns[46]?\/localhost(\/|$))/
const UNSPECIFIED = /^\/(ip4\/0\.0\.0\.0|ip6\/::)(\/|$)/

function parse(address: string): Multiaddr | undefined {
  try {
    return multiaddr(address)
  } catch {
    return undefined
  }
}

function isDialable(address: Multiaddr): boolean {
  if (UNSPECIFIED.test(address.toString())) return false
  const components = address.getComponents()
  const first = components[0]
  if (first === undefined || !HOST_KINDS.has(first.name)) return false
  // A peer id stands before a circuit only: at the end it is another peer's.
  if (components.at(-1)?.name === 'p2p') return false
  if (first.name === 'dnsaddr') return true
  const transport = components.find(({ name }) => name === 'tcp' || name === 'udp')
  return transport !== undefined && transport.value !== '0'
}
