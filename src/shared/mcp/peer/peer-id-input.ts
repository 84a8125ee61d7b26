import { peerIdFromString } from '@libp2p/peer-id'
import { z } from 'zod'

/** Characters of the longest peer id that is read: those of an RSA or Ed25519 key have 46 and 52. */
const MAX_CHARS = 128

/** A peer id as callers give it: base58btc, as nodes show it. */
export const peerIdInput = z
  .string()
  .max(MAX_CHARS)
  .refine(isPeerId, { error: 'a peer id, as 12D3KooW… (p2p_peer_list shows those that are known)' })

function isPeerId(text: string): boolean {
  if (!/^[1-9A-HJ-NP-Za-km-z]{40,}$/.test(text)) return false
  try {
    return peerIdFromString(text).toString() === text
  } catch {
    return false
  }
}
