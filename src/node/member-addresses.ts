import { ToolmeshError } from '../shared/errors.ts'
import type { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import { fetchNodeInfo } from './node-info.ts'
import type { MembershipRecord } from './store/membership-file.ts'

/** Milliseconds to ask a node where it listens, and others where it is. */
const ASK_MS = 10_000

export interface MemberAddressesComponents {
  book: Pick<LocalPeerBook, 'hear' | 'addressesOf'>
  /** Asks the other sources for one peer; what they find goes into the book. */
  lookFor: (peerId: string, signal: AbortSignal) => Promise<unknown>
  /** It took this node as its worker before: an origin that is another node's now is then no reason to give up. */
  granted: boolean
}

/**
 * Where a node that this one works for may be now, best first. It may have come back on other ports, or its HTTP server
 * may not be reachable from here, so all that knows is asked at once: its own address file, the other sources of
 * discovery, what the book holds, and where it was last time. As soon as there is an address nobody is waited for.
 * Throws what the address file threw when nothing is known: `owner_unreachable`, or `forbidden` for an origin that is
 * another node's.
 */
export async function memberAddresses(
  record: MembershipRecord,
  { book, lookFor, granted }: MemberAddressesComponents,
): Promise<string[]> {
  const { owner_id, addresses: before = [] } = record
  const known = () => [...new Set([...book.addressesOf(owner_id), ...before])]
  const signal = AbortSignal.timeout(ASK_MS)
  const askedItself = askOrigin(record, signal).then(async addresses => {
    await book.hear({ peer_id: owner_id, addresses }, 'well-known')
  })
  const askedOthers = lookFor(owner_id, signal).then(() => {
    if (book.addressesOf(owner_id).length === 0) throw new ToolmeshError('not_found', 'nobody told of it')
  })
  try {
    await Promise.any([askedItself, askedOthers])
  } catch {
    // Nobody knows anything new; what was known may still be true.
    if (known().length === 0) await askedItself.catch(why => refuse(why, granted))
  }
  return known()
}

async function askOrigin({ owner_id, origin }: MembershipRecord, signal: AbortSignal): Promise<string[]> {
  const { peerId, multiaddrs } = await fetchNodeInfo(origin, signal)
  if (peerId === owner_id) return multiaddrs
  throw new AnotherNodeError(origin, peerId, owner_id)
}

/** The origin is another node's than its invite says. */
class AnotherNodeError extends ToolmeshError {
  constructor(origin: string, found: string, expected: string) {
    super('forbidden', `${origin} is the node ${found}, not ${expected} as its invite says`, {
      field: 'origin',
      value: found,
      allowed: expected,
    })
  }
}

function refuse(why: unknown, granted: boolean): never {
  if (!granted || !(why instanceof AnotherNodeError)) throw why
  throw new ToolmeshError('owner_unreachable', why.message, { cause: why })
}
