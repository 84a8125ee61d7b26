import type { MeshHost } from '../host-contract.ts'

/** Relays of this peer that are tried for another one at most. */
const MOST = 3

/**
 * Where a peer may be by the relays that this one has a direct session with: who has a slot at the same relay is met there
 * before anybody has told of it. The relay answers at once where the peer has none.
 */
export function throughRelays(
  host: Pick<MeshHost, 'sessions' | 'remoteAddress'>,
  peerId: string,
  isRelay: (peerId: string) => boolean,
): string[] {
  return host
    .sessions()
    .filter(({ peerId: id, path }) => id !== peerId && path !== 'relay' && isRelay(id))
    .slice(0, MOST)
    .flatMap(session => {
      const address = host.remoteAddress(session)
      if (address === undefined) return []
      const at = address.endsWith(`/p2p/${session.peerId}`) ? address : `${address}/p2p/${session.peerId}`
      return [`${at}/p2p-circuit/p2p/${peerId}`]
    })
}
