import { rangeOfIp } from '../limits/address-range.ts'
import { hostOf, relayOf } from '../peers/peer-address.ts'
import type { PublicIp, Reachability, ReachabilityReporter } from './reachability.ts'

/** What a peer knows of its reachability by its own addresses alone: asking others tells it nothing more. */
export function ownAddressesReachability(
  host: { addresses(): string[] },
  now: () => number,
): ReachabilityReporter {
  return { report: async () => reachabilityOf(host.addresses(), now()) }
}

function reachabilityOf(all: readonly string[], now: number): Reachability {
  const relays = new Map<string, string[]>()
  const ips = new Map<string, PublicIp>()
  const direct: string[] = []
  for (const address of all) {
    const relay = relayOf(address)
    if (relay !== undefined) {
      relays.set(relay, [...(relays.get(relay) ?? []), address])
      continue
    }
    direct.push(address)
    const ip = hostOf(address) ?? ''
    if (rangeOfIp(ip).kind === 'public') ips.set(ip, { ip, source: 'listener', witnesses: 1, at: now })
  }
  return {
    nat: 'unknown',
    public_ips: [...ips.values()],
    addresses: direct.map(address => ({ address, state: 'listening' })),
    relays: [...relays].map(([peer_id, addresses]) => ({ peer_id, addresses })),
  }
}
