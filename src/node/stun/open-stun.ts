import { multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../shared/clock.ts'
import { ToolmeshError } from '../../shared/errors.ts'
import type { Logger } from '../../shared/logger.ts'
import { StunServer } from './stun-server.ts'

const LOOPBACK = /^(127\.|::1$)/
const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

export interface OpenStunInit {
  /** Multiaddrs that the node listens on: STUN is answered on the same interfaces. */
  listen: readonly string[]
  /** UDP port; 0 takes a free one. */
  port: number
  clock: Clock
  logger: Logger
}

/** The STUN server of a node; undefined for one that listens on loopback alone, where nobody needs it. Throws `unavailable`. */
export async function openStun({
  listen,
  port,
  clock,
  logger,
}: OpenStunInit): Promise<StunServer | undefined> {
  const hosts = stunHosts(listen)
  if (hosts.length === 0) return undefined
  try {
    return await StunServer.listen({ hosts, port, clock, logger })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ToolmeshError('unavailable', `p2p.stunPort: STUN cannot listen on UDP port ${port}: ${why}`, {
      cause,
    })
  }
}

/** One address of each family, all interfaces where the node listens on all. */
function stunHosts(listen: readonly string[]): string[] {
  const hosts = listen.flatMap(address => {
    const [first] = multiaddr(address).getComponents()
    return (first?.name === 'ip4' || first?.name === 'ip6') && first.value !== undefined ? [first] : []
  })
  return ['ip4', 'ip6'].flatMap(family => {
    const own = hosts.filter(({ name, value }) => name === family && !LOOPBACK.test(value ?? ''))
    const best = own.find(({ value }) => ANY.has(value ?? '')) ?? own[0]
    return best?.value === undefined ? [] : [best.value]
  })
}
