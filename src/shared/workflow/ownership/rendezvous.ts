/**
 * Rendezvous (highest random weight) hashing: Thaler and Ravishankar, "Using name-based mappings to increase hit rates",
 * IEEE/ACM Transactions on Networking 6(1), 1998. Everybody who knows the same members finds the same order for a key, keys spread
 * evenly, and when a member comes or goes only the keys that it wins or held move.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'

/** The members in the order in which they should try for `key`: the first has the highest weight. */
export function rendezvousOrder(key: string, members: Iterable<string>): string[] {
  return [...members]
    .map(member => ({ member, weight: weightOf(key, member) }))
    .sort((a, b) => (precedes(a, b) ? -1 : 1))
    .map(({ member }) => member)
}

/** The first of {@link rendezvousOrder}; undefined where there are no members. */
export function rendezvousFirst(key: string, members: Iterable<string>): string | undefined {
  let first: Weighted | undefined
  for (const member of members) {
    const each = { member, weight: weightOf(key, member) }
    if (first === undefined || precedes(each, first)) first = each
  }
  return first?.member
}

/** The place of `member` in {@link rendezvousOrder}, 0 for the first, whether or not it is one of the members. */
export function rendezvousRank(key: string, member: string, members: Iterable<string>): number {
  const own = { member, weight: weightOf(key, member) }
  let rank = 0
  for (const other of members) {
    if (other !== member && precedes({ member: other, weight: weightOf(key, other) }, own)) rank += 1
  }
  return rank
}

interface Weighted {
  member: string
  weight: bigint
}

function precedes(a: Weighted, b: Weighted): boolean {
  return a.weight === b.weight ? a.member < b.member : a.weight > b.weight
}

/** 64 bits of SHA-256; the length in front keeps ("ab", "c") and ("a", "bc") apart. */
function weightOf(key: string, member: string): bigint {
  const hash = sha256(utf8ToBytes(`${member.length}:${member}${key}`))
  return new DataView(hash.buffer, hash.byteOffset, 8).getBigUint64(0)
}
