import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { InvalidInputError } from '../../errors.ts'
import { UnexpectedPeerError } from '../errors.ts'

/**
 * The address with the expected peer id at its end, which a dial then insists on. Throws `invalid_input` for what is no
 * multiaddr, and `forbidden` for an address of another peer.
 */
export function expectedAddress(address: string, expect: string): Multiaddr {
  let parsed: Multiaddr
  try {
    parsed = multiaddr(address)
  } catch {
    throw new InvalidInputError('addresses', address, 'a multiaddr such as /ip4/127.0.0.1/tcp/4001/ws')
  }
  const last = parsed.getComponents().at(-1)
  if (last?.name !== 'p2p') return parsed.encapsulate(`/p2p/${expect}`)
  if (last.value !== expect) throw new UnexpectedPeerError(expect, String(last.value))
  return parsed
}
