import { cidOfBytes } from '../../artifacts/cid.ts'

/** What the places where peers of a namespace meet are called (docs/PROTOCOL.md, "Discovery"). */

export const DEFAULT_NAMESPACE = 'toolmesh'

/** The gossip topic of announcements. */
export function topicOf(namespace: string): string {
  return `/toolmesh/${namespace}/peers/1`
}

/** The protocol of the hash table: peers of another namespace do not answer on it. */
export function dhtProtocolOf(namespace: string): string {
  return namespace === DEFAULT_NAMESPACE ? '/toolmesh/kad/1.0.0' : `/toolmesh/${namespace}/kad/1.0.0`
}

/** The CID that every peer of the namespace provides in a hash table. */
export function rendezvousOf(namespace: string): string {
  return cidOfBytes(new TextEncoder().encode(topicOf(namespace)))
}

/** The DNS-SD service: at most 15 characters (RFC 6763 7.2), so another namespace stands there as a part of its hash. */
export function mdnsServiceOf(namespace: string): string {
  const label = namespace === DEFAULT_NAMESPACE ? 'toolmesh' : `tm-${rendezvousOf(namespace).slice(-12)}`
  return `_${label}._udp.local`
}
