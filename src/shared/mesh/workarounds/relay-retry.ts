/**
 * The relay client asks a relay for a slot once, when it learns of it: a peer that is granted only afterwards
 * would never get one. This asks again, with growing pauses, while a slot is missing and the relay is connected.
 * A relay that was lost it dials by the addresses it once had, and a dial to where the relay is now has to wait
 * behind that; so here it only asks relays that are connected, which keep-connected.ts sees to.
 */
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { PeerId, TypedEventTarget } from '@libp2p/interface'
import type { Clock } from '../../clock.ts'
import type { TransportFactory } from './transport-factory.ts'

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/** A reservation that takes longer has failed; a busy relay may take seconds. */
const RESERVATION_MS = 20_000

interface RelayClient {
  discovery: TypedEventTarget<{ 'relay:discover': CustomEvent<PeerId> }>
  reservationStore: {
    addRelay(peerId: PeerId, type: 'discovered'): Promise<unknown>
    hasReservation(peerId: PeerId): boolean
    connectionManager: { getConnections(peerId: PeerId): unknown[] }
  }
}

/** `circuitRelayTransport` for a peer that listens on `/p2p-circuit`. */
export function persistentRelayTransport(clock: Clock): TransportFactory {
  return components => {
    const transport = circuitRelayTransport({ reservationCompletionTimeout: RESERVATION_MS })(components)
    if (!isRelayClient(transport)) return transport
    const { discovery, reservationStore } = transport
    const isConnected = (relay: PeerId) => reservationStore.connectionManager.getConnections(relay).length > 0
    const addRelay = reservationStore.addRelay.bind(reservationStore)
    reservationStore.addRelay = (relay, type) =>
      isConnected(relay) ? addRelay(relay, type) : Promise.reject(new Error('the relay is not connected'))
    const asking = new Set<string>()
    const ask = (relay: PeerId, pauseMs: number) => {
      clock.after(pauseMs, async () => {
        if (!isConnected(relay) || reservationStore.hasReservation(relay)) {
          asking.delete(relay.toString())
          return
        }
        // The store logs why; another try follows.
        await reservationStore.addRelay(relay, 'discovered').catch(() => {})
        ask(relay, Math.min(pauseMs * 2, LONGEST_PAUSE_MS))
      })
    }
    discovery.addEventListener('relay:discover', event => {
      const relay = event.detail
      if (asking.has(relay.toString())) return
      asking.add(relay.toString())
      ask(relay, FIRST_PAUSE_MS)
    })
    return transport
  }
}

function isRelayClient<T extends object>(transport: T): transport is T & RelayClient {
  return 'discovery' in transport && 'reservationStore' in transport
}
