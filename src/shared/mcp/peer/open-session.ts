import { z } from 'zod'
import { InvalidInputError, ToolmeshError } from '../../errors.ts'
import { peerIdAtEnd } from './address-input.ts'
import type { MeshPort } from './mesh-port.ts'

/** A session that is open, as answers show it. */
export const connectionFields = {
  path: z.string().exactOptional().describe('How its bytes travel.'),
  direction: z.enum(['inbound', 'outbound']).exactOptional(),
  rtt_ms: z.number().exactOptional().describe('Smoothed round trip, milliseconds; absent before the first.'),
}

export interface ConnectionView {
  peer_id: string
  path: string
  direction: 'inbound' | 'outbound'
  rtt_ms?: number
}

export interface SessionTarget {
  /** Undefined: whoever answers at the address. */
  peerId: string | undefined
  /** Beside what the peer book knows. */
  addresses: readonly string[]
  ownPeerId: string
}

/**
 * The session with a peer, opened where there is none; a peer of which no address is known is searched for first. It
 * closes when nobody uses it. Throws `not_found`, `unavailable`, `forbidden`.
 */
export async function openSession(
  mesh: MeshPort,
  target: SessionTarget,
  signal: AbortSignal,
): Promise<ConnectionView> {
  const { addresses } = target
  const peerId = target.peerId ?? (await ownerOf(mesh, addresses[0] ?? '', signal))
  ensureOther(peerId, target.ownPeerId)
  if (addresses.length === 0) await findAddress(mesh, peerId, signal)
  return mesh.pool.use(peerId, { signal, addresses }, async ({ path, direction }) => {
    const rtt = mesh.host.roundTrip(peerId)
    return {
      ...{ peer_id: peerId, path, direction },
      ...(rtt === undefined ? {} : { rtt_ms: Math.round(rtt * 10) / 10 }),
    }
  })
}

/** Whose an address is: by its end, or else by dialling it. Throws `unavailable`. */
export async function ownerOf(mesh: MeshPort, address: string, signal: AbortSignal): Promise<string> {
  const named = peerIdAtEnd(address)
  if (named !== undefined) return named
  try {
    return await mesh.host.whoIs(address, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ToolmeshError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new ToolmeshError('unavailable', `nobody answers at ${address}: ${why}`, { cause: error })
  }
}

/** Looks for the addresses of a peer where none is known. Throws `not_found`. */
export async function findAddress(mesh: MeshPort, peerId: string, signal: AbortSignal): Promise<void> {
  if (mesh.host.session(peerId) !== undefined || mesh.book.addressesOf(peerId).length > 0) return
  if (await mesh.discovery.lookFor(peerId, signal)) return
  // A peer of which nothing is known may have come to us meanwhile.
  if (mesh.host.session(peerId) !== undefined) return
  signal.throwIfAborted()
  throw new UnknownPeerError(peerId)
}

export function ensureOther(peerId: string, ownPeerId: string): void {
  if (peerId === ownPeerId) throw new InvalidInputError('/peer_id', peerId, 'the id of another peer')
}

/** Nothing is known of this peer, or not where it is. */
export class UnknownPeerError extends ToolmeshError {
  constructor(peerId: string) {
    super('not_found', `no address of the peer ${peerId} is known`, {
      field: '/peer_id',
      value: peerId,
      allowed: 'a peer that p2p_peer_discover finds',
    })
  }
}
