import type { Connection, Libp2p } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../clock.ts'
import { InvalidInputError } from '../errors.ts'
import { PeerUnreachableError, UnexpectedPeerError } from './errors.ts'

/**
 * Milliseconds that one of several addresses gets at first: a firewall that swallows packets must not keep the
 * others waiting. When none answered so fast, each gets all the time that the host allows for one.
 */
const FIRST_ROUND_MS = 2_500

/** One way to give up on an address before the caller does. */
interface Hurry {
  signal: AbortSignal
  stop: () => void
}

/**
 * A connection to the peer `expect` by the first of the addresses that answers, in their order. The secure
 * channel proves the peer id. Throws `invalid_input`, `forbidden` or `unavailable`.
 */
export async function dialInOrder(
  { libp2p, clock }: { libp2p: Libp2p; clock: Clock },
  addresses: string[],
  expect: string,
  signal: AbortSignal,
): Promise<Connection> {
  const targets = addresses.map(address => addressOf(address, expect))
  const failures: unknown[] = []
  const slow: Multiaddr[] = []
  const attempt = async (target: Multiaddr, hurry?: Hurry): Promise<Connection | undefined> => {
    signal.throwIfAborted()
    const limit = hurry === undefined ? signal : AbortSignal.any([signal, hurry.signal])
    try {
      return await dial(libp2p, target, expect, limit)
    } catch (error) {
      if (error instanceof UnexpectedPeerError) throw error
      if (hurry?.signal.aborted === true) slow.push(target)
      else failures.push(error)
      return undefined
    } finally {
      hurry?.stop()
    }
  }
  for (const target of targets) {
    const connection = await attempt(target, targets.length > 1 ? inHurry(clock) : undefined)
    if (connection !== undefined) return connection
  }
  for (const target of slow) {
    const connection = await attempt(target)
    if (connection !== undefined) return connection
  }
  signal.throwIfAborted()
  throw new PeerUnreachableError(expect, {
    cause: new AggregateError(failures, failures.map(String).join('; ')),
  })
}

/**
 * Not AbortSignal.timeout: aborted by the platform, its listeners have microtasks between them, in which the next
 * dial would join this one in libp2p's queue before that has given it up.
 */
function inHurry(clock: Clock): Hurry {
  const control = new AbortController()
  const stop = clock.after(FIRST_ROUND_MS, () => control.abort(new Error(`not within ${FIRST_ROUND_MS} ms`)))
  return { signal: control.signal, stop }
}

async function dial(
  libp2p: Libp2p,
  target: Multiaddr,
  expect: string,
  signal: AbortSignal,
): Promise<Connection> {
  const connection = await libp2p.dial(target, { signal })
  const found = connection.remotePeer.toString()
  if (found === expect) return connection
  await connection.close()
  throw new UnexpectedPeerError(expect, found)
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
