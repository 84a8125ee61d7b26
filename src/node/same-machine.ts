import { hostOf, isLoopback, relayOf } from '../shared/mesh/peers/peer-address.ts'

/**
 * Whether a peer with these addresses runs on the machine of the peer with those of `own`, so that loopback addresses of
 * one are good for the other: they share a host, or `own` is only reachable on its machine, as then every peer that it
 * meets without going out is there too.
 */
export function isSameMachine(addresses: readonly string[], own: readonly string[]): boolean {
  const outside = own.filter(address => !isLoopback(address))
  const hosts = new Set(outside.filter(isDirect).map(hostOf))
  const isShared = (address: string) =>
    !isLoopback(address) && isDirect(address) && hosts.has(hostOf(address))
  return outside.length === 0 || addresses.some(isShared)
}

/** Whether its host is that of the peer itself: a relay's is that of all who have a slot there. */
function isDirect(address: string): boolean {
  return relayOf(address) === undefined
}
