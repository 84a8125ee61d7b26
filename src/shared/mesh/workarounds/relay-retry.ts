/**
 * The relay client asks a relay for a slot once, when it learns of it: a peer that is granted only afterwards
 * would never get one. This asks again, with growing pauses, while a slot is missing and the relay is connected.
 * A relay that was lost it dials by the addresses it once had, and a dial to where the relay is now has to wait
 * behind that; so here it only asks relays that are connected, which whoever keeps a session with them sees to.
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
  reservationStore: TypedEventTarget<{ 'relay:removed': CustomEvent<unknown> }> & {
    addRelay(peerId: PeerId, type: 'discovered'): Promise<unknown>
    hasReservation(peerId: PeerId): boolean
    connectionManager: { getConnections(peerId: PeerId): unknown[] }
  }
}

export interface RelaySlotOptions {
  clock: Clock
  /** Whether this relay would give us a slot: others are not asked. Default: each is asked. */
  mayAsk?: (peerId: string) => boolean
}

/** `circuitRelayTransport` for a peer that listens on `/p2p-circuit`. */
export function persistentRelayTransport({ clock, mayAsk = () => true }: RelaySlotOptions): TransportFactory {
  return components => {
    const transport = circuitRelayTransport({ reservationCompletionTimeout: RESERVATION_MS })(components)
    if (isRelayClient(transport)) new SlotSeeker(transport, clock, mayAsk).begin()
    return transport
  }
}

class SlotSeeker {
  readonly #client: RelayClient
  readonly #clock: Clock
  readonly #mayAsk: (peerId: string) => boolean
  /** The relays that are asked again and again, each with what ends its pause of now. */
  readonly #asking = new Map<string, () => void>()

  constructor(client: RelayClient, clock: Clock, mayAsk: (peerId: string) => boolean) {
    this.#client = client
    this.#clock = clock
    this.#mayAsk = mayAsk
  }

  begin(): void {
    const { discovery, reservationStore } = this.#client
    const addRelay = reservationStore.addRelay.bind(reservationStore)
    reservationStore.addRelay = (relay, type) => {
      if (!this.#mayAsk(relay.toString()))
        return Promise.reject(new Error('the relay gives this peer nothing'))
      if (!this.#isConnected(relay)) return Promise.reject(new Error('the relay is not connected'))
      return addRelay(relay, type)
    }
    discovery.addEventListener('relay:discover', ({ detail: relay }) => {
      if (!this.#asking.has(relay.toString())) this.#ask(relay, FIRST_PAUSE_MS)
    })
    // A slot was lost: another relay may have one at once.
    reservationStore.addEventListener('relay:removed', () => {
      for (const hurry of [...this.#asking.values()]) hurry()
    })
  }

  #ask(relay: PeerId, pauseMs: number): void {
    const id = relay.toString()
    const again = async () => {
      const { reservationStore } = this.#client
      if (!this.#isConnected(relay) || reservationStore.hasReservation(relay)) {
        this.#asking.delete(id)
        return
      }
      // The store logs why; another try follows.
      await reservationStore.addRelay(relay, 'discovered').catch(() => {})
      this.#ask(relay, Math.min(pauseMs * 2, LONGEST_PAUSE_MS))
    }
    const stop = this.#clock.after(pauseMs, again)
    this.#asking.set(id, () => {
      stop()
      this.#ask(relay, Math.min(pauseMs, FIRST_PAUSE_MS))
    })
  }

  #isConnected(relay: PeerId): boolean {
    return this.#client.reservationStore.connectionManager.getConnections(relay).length > 0
  }
}

function isRelayClient<T extends object>(transport: T): transport is T & RelayClient {
  return 'discovery' in transport && 'reservationStore' in transport
}
