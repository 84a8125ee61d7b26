import { multiaddr } from '@multiformats/multiaddr'
import { z } from 'zod'
import { MAX_ADDRESS_CHARS } from '../../mesh/peers/announcement-limits.ts'

/** A multiaddr as callers give it, with `/p2p/` and the peer id at its end where that is known. */
export const addressInput = z
  .string()
  .min(1)
  .max(MAX_ADDRESS_CHARS)
  .refine(text => partsOf(text) !== undefined, {
    error: 'a multiaddr as /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…',
  })

/** The peer id at the end of a multiaddr; undefined where there is none. */
export function peerIdAtEnd(address: string): string | undefined {
  const last = partsOf(address)?.at(-1)
  return last?.name === 'p2p' ? last.value : undefined
}

function partsOf(text: string) {
  try {
    const parts = multiaddr(text).getComponents()
    return parts.length === 0 ? undefined : parts
  } catch {
    return undefined
  }
}
