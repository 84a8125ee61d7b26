import { hostOf, isLoopback } from '../shared/mesh/peers/peer-address.ts'

/**
 * Whether a peer with these addresses runs on the machine of the peer with those of `own`, so that loopback addresses of
 * one are good for the other: they share a host, or `own` is only reachable on its machine, as then every peer that it
 * meets without going out is there too.
 */
export function isSameMachine(addresses: readonly string[], own: readonly string[]): boolean {
  const hosts = new Set(own.filter(address => !isLoopback(address)).map(hostOf))
  return hosts.size === 0 || addresses.some(address => !isLoopback(address) && hosts.has(hostOf(address)))
}
