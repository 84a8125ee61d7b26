import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { pathOf } from '../connection-path.ts'
import type { Path } from '../session-contract.ts'
import { familiesInTurns, inTurns } from './turns.ts'

/** As `Path`, but a WebSocket over TLS is a way of its own: a page that came over TLS may open no other. */
type Way = Path | 'secure-websocket'

/**
 * Best first, for addresses that were not tried yet; what is not in a list cannot be dialled from there. By measurement
 * (docs/adr/0030): a node has the most throughput for the least work over TCP, then WebSocket; WebTransport and
 * WebRTC-Direct cost it more. A tab has the shortest round trip over WebTransport, then WebRTC-Direct. What has to
 * ask a relay first comes late, and what stays on the relay last.
 */
const WAYS = {
  node: ['tcp', 'websocket', 'secure-websocket', 'webtransport', 'webrtc-direct', 'webrtc', 'relay'],
  tab: ['webtransport', 'webrtc-direct', 'secure-websocket', 'websocket', 'webrtc', 'relay'],
} as const satisfies Record<string, readonly Way[]>

/** Ways that need a relay, at least to begin: they stand behind all others. */
const BY_RELAY: ReadonlySet<Way> = new Set(['webrtc', 'relay'])

/**
 * Addresses that can be dialled from a node or a tab, best first and each once. The ways take turns, and within a way the
 * address families (RFC 8305, section 4), so that one way or family that leads nowhere costs one place in the line; apart
 * from that they stay in the order given.
 */
export function dialOrder(addresses: readonly string[], from: 'node' | 'tab'): string[] {
  const ways: readonly Way[] = WAYS[from]
  const byWay = new Map<Way, string[]>(ways.map(way => [way, []]))
  for (const address of new Set(addresses)) {
    const way = wayOf(address)
    if (way !== undefined) byWay.get(way)?.push(address)
  }
  const inFamilies = (way: Way) => familiesInTurns(byWay.get(way) ?? [])
  const direct = inTurns(ways.filter(way => !BY_RELAY.has(way)).map(inFamilies))
  return [...direct, ...ways.filter(way => BY_RELAY.has(way)).flatMap(inFamilies)]
}

/** The way of an address; undefined for one that is no multiaddr. */
function wayOf(address: string): Way | undefined {
  let parsed: Multiaddr
  try {
    parsed = multiaddr(address)
  } catch {
    return undefined
  }
  const path = pathOf(parsed)
  if (path !== 'websocket') return path
  const isSecure = parsed.getComponents().some(({ name }) => name === 'tls' || name === 'wss')
  return isSecure ? 'secure-websocket' : 'websocket'
}
