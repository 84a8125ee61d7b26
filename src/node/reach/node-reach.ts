import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Clock } from '../../shared/clock.ts'
import type { Logger } from '../../shared/logger.ts'
import type { MeshHost } from '../../shared/mesh/host-contract.ts'
import { hostOf, relayOf } from '../../shared/mesh/peers/peer-address.ts'
import { AskedReachability } from '../../shared/mesh/reach/asked-reachability.ts'
import type { PublicIp } from '../../shared/mesh/reach/reachability.ts'
import { stunServersOf } from '../../shared/mesh/reach/stun-servers.ts'
import type { Config } from '../config.ts'
import { askStun, type StunServerAt } from '../stun/ask-stun.ts'
import { PublicIpServices } from './public-ip-services.ts'
import { publicUnicast } from './public-unicast.ts'

/** Milliseconds that STUN has; an answer comes within a round trip. */
const STUN_MS = 3_000

export interface NodeReachInit {
  p2p: Pick<Config['p2p'], 'stunServers' | 'publicIpServices' | 'upnp'>
  host: MeshHost
  /** Multiaddrs that the settings or the HTTP server announce. */
  announced: readonly string[]
  /** Whether a peer's word counts. */
  trusts: (peerId: string) => boolean
  clock: Clock
  logger: Logger
  /** In [0, 1). */
  random: () => number
}

/** How this node can be reached: what its peers say and do, STUN, a router by UPnP, and services that the settings name. */
export function nodeReach(init: NodeReachInit): AskedReachability {
  const { p2p, host, announced, trusts, clock, logger, random } = init
  const services = new PublicIpServices({ services: p2p.publicIpServices, fetch, clock })
  const others = async (signal: AbortSignal): Promise<PublicIp[]> => {
    const servers = [...p2p.stunServers, ...stunServersOf(host, ({ peerId }) => trusts(peerId))].flatMap(
      url => stunServerAt(url) ?? [],
    )
    const [byStun, byService] = await Promise.all([
      seenByStun(servers, clock, signal),
      services.ask(signal).catch(error => {
        logger('warning', 'the public address is not known by a service', { error: String(error) })
        return undefined
      }),
    ])
    const byRouter = p2p.upnp ? mappedByRouter(host, announced, clock) : []
    if (p2p.upnp && byRouter.length === 0)
      logger('warning', 'no router maps a port by UPnP', { setting: 'p2p.upnp' })
    return [...byRouter, ...byStun, ...(byService === undefined ? [] : [byService])]
  }
  return new AskedReachability({ host, trusts, others, clock, logger, random })
}

/** An IPv4 server of `stun:host:port`. */
function stunServerAt(url: string): StunServerAt | undefined {
  const [, host = '', port] = /^stun:(.+):(\d+)$/.exec(url) ?? []
  return host.startsWith('[') ? undefined : { host, port: Number(port) }
}

async function seenByStun(servers: StunServerAt[], clock: Clock, signal: AbortSignal): Promise<PublicIp[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(STUN_MS)])
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  const mapped = await askStun(servers, { signal: limit, random })
  const found = new Map<string, PublicIp>()
  for (const seen of mapped) {
    if (seen === undefined || publicUnicast(seen.address) === undefined) continue
    const before = found.get(seen.address)?.witnesses ?? 0
    found.set(seen.address, { ip: seen.address, source: 'stun', witnesses: before + 1, at: clock.now() })
  }
  return [...found.values()]
}

/** Public addresses that this node announces, though no interface of this machine and no setting has them. */
function mappedByRouter(host: MeshHost, announced: readonly string[], clock: Clock): PublicIp[] {
  const own = Object.values(networkInterfaces()).flatMap(list => list?.map(({ address }) => address) ?? [])
  const known = new Set([...own, ...announced.map(hostOf)])
  const ips = host
    .addresses()
    .filter(address => relayOf(address) === undefined)
    .map(address => hostOf(address) ?? '')
    .filter(ip => isIPv4(ip) && publicUnicast(ip) !== undefined && !known.has(ip))
  return [...new Set(ips)].map(ip => ({ ip, source: 'upnp', witnesses: 1, at: clock.now() }))
}
