import type { Connection, Libp2p } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { InvalidInputError } from '../errors.ts'
import { PeerUnreachableError, UnexpectedPeerError } from './errors.ts'

/**
 * A connection to the peer `expect` by the first of the addresses that answers, in their order. The secure
 * channel proves the peer id. Throws `invalid_input`, `forbidden` or `unavailable`.
 */
export async function dialInOrder(
  libp2p: Libp2p,
  addresses: string[],
  expect: string,
  signal: AbortSignal,
): Promise<Connection> {
  const targets = addresses.map(address => addressOf(address, expect))
  const failures: unknown[] = []
  for (const target of targets) {
    signal.throwIfAborted()
    try {
      const connection = await libp2p.dial(target, { signal })
      const found = connection.remotePeer.toString()
      if (found === expect) return connection
      await connection.close()
      throw new UnexpectedPeerError(expect, found)
    } catch (error) {
      if (error instanceof UnexpectedPeerError) throw error
      failures.push(error)
    }
  }
  signal.throwIfAborted()
  throw new PeerUnreachableError(expect, {
    cause: new AggregateError(failures, failures.map(String).join('; ')),
  })
}

/** The address with the expected peer id at its end, which the dial then insists on. */
function addressOf(address: string, expect: string): Multiaddr {
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
