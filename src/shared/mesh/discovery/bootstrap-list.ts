import { multiaddr } from '@multiformats/multiaddr'
import { z } from 'zod'
import { MAX_ADDRESS_CHARS, MAX_ADDRESSES, MAX_ANNOUNCEMENT_CHARS } from '../peers/announcement-limits.ts'
import type { Found } from './discovery-source.ts'

/** Peers of one list at most; the rest is refused as a whole. */
export const MAX_LISTED = 1_000

export interface BootstrapList {
  found: Found[]
  /** What is no peer, by its place, never by its content: the file may be another one than was meant. */
  refused: { at: string; reason: string }[]
}

const address = z.string().min(1).max(MAX_ADDRESS_CHARS).refine(isMultiaddr)
const addresses = z.array(address).min(1).max(MAX_ADDRESSES)
const peerId = z.string().min(1).max(128)
const signed = z.object({ text: z.string().max(MAX_ANNOUNCEMENT_CHARS), signature: z.string().max(256) })

/** What one entry may be. */
const entry = z.union([
  address.transform((one): Found => ({ addresses: [one] })),
  signed.transform((announcement): Found => ({ announcement })),
  z.object({ announcement: signed }).transform(({ announcement }): Found => ({ announcement })),
  z.object({ addresses, peer_id: peerId.exactOptional() }).transform(
    ({ addresses, peer_id }): Found => ({
      addresses,
      ...(peer_id === undefined ? {} : { peer_id }),
    }),
  ),
  // As a node says it at /.well-known/toolmesh.json.
  z
    .object({ peerId, multiaddrs: addresses })
    .transform(({ peerId, multiaddrs }): Found => ({ addresses: multiaddrs, peer_id: peerId })),
])

/**
 * Reads a list of peers: a multiaddr on each line (`#` begins a comment), or JSON: one entry, an array of entries, or
 * `{peers}` with an array or an object of them. An entry is a multiaddr, `{peer_id?, addresses}`, `{peerId, multiaddrs}`
 * or a signed announcement. Undefined where the text is neither.
 */
export function parseBootstrapList(text: string): BootstrapList | undefined {
  const trimmed = text.trim()
  if (!trimmed.startsWith('[') && !trimmed.startsWith('{')) return sorted(linesOf(text))
  try {
    return sorted(entriesOf(JSON.parse(trimmed)))
  } catch {
    return undefined
  }
}

type Place = [at: string, value: unknown]

function linesOf(text: string): Place[] {
  return text
    .split('\n')
    .map((line, index): Place => [`line ${index + 1}`, line.replace(/(^|\s)#.*$/, '').trim()])
    .filter(([, line]) => line !== '')
}

function entriesOf(document: unknown): Place[] {
  if (Array.isArray(document)) return document.map((value, index) => [`/${index}`, value])
  if (typeof document !== 'object' || document === null) return []
  if (!('peers' in document)) return [['/', document]]
  const { peers } = document
  if (typeof peers !== 'object' || peers === null) return []
  return Object.entries(peers).map(([key, value]): Place => [`/peers/${key.slice(0, 128)}`, value])
}

function sorted(places: readonly Place[]): BootstrapList {
  const list: BootstrapList = { found: [], refused: [] }
  for (const [at, value] of places.slice(0, MAX_LISTED)) {
    const read = entry.safeParse(value)
    if (read.success) list.found.push(read.data)
    else
      list.refused.push({ at, reason: 'neither a multiaddr, nor a peer with addresses, nor an announcement' })
  }
  const left = places.length - MAX_LISTED
  if (left > 0)
    list.refused.push({ at: places[MAX_LISTED]?.[0] ?? '', reason: `${left} more than ${MAX_LISTED}` })
  return list
}

function isMultiaddr(text: string): boolean {
  try {
    return multiaddr(text).getComponents().length > 0
  } catch {
    return false
  }
}
