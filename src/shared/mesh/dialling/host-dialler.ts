import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../clock.ts'
import { InvalidInputError } from '../../errors.ts'
import { type DialLimits, dialPeer } from './dial-peer.ts'
import type { DialReport } from './dial-report.ts'
import type { NameResolver } from './name-resolution.ts'
import type { DialTransports } from './transports.ts'
import { type AddressTrial, tryAddress } from './try-address.ts'

export interface HostDiallerInit {
  libp2p: Libp2p
  transports: DialTransports
  clock: Clock
  limits: DialLimits
  resolver: NameResolver | undefined
  /** The protocol of the stream that a dial is for. */
  protocol: string
}

/** Addresses that are tried at once. */
const TRIALS_AT_ONCE = 4

interface OpenOptions {
  expect: string
  signal: AbortSignal
}

interface Opened {
  stream: Stream
  connection: Connection
}

/** Opens the first stream of a session with a peer, by whichever of its addresses is fastest. */
export class HostDialler {
  readonly #init: HostDiallerInit
  readonly #listeners = new Set<(report: DialReport) => void>()
  /** When a connection was open, and how many milliseconds later the peer had identified itself. */
  readonly #opened = new WeakMap<Connection, number>()
  readonly #identified = new WeakMap<Connection, number>()

  constructor(init: HostDiallerInit) {
    this.#init = init
    const { libp2p, clock } = init
    libp2p.addEventListener('connection:open', ({ detail }) => this.#opened.set(detail, clock.monotonic()))
    libp2p.addEventListener('peer:identify', ({ detail: { connection } }) => {
      const since = this.#opened.get(connection)
      if (since !== undefined) this.#identified.set(connection, clock.monotonic() - since)
    })
  }

  /** Calls `listener` for each address that a dial was begun to; the returned function ends that. */
  onDial(listener: (report: DialReport) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A stream with the peer `expect`, by a connection that is open or a new one. Throws as `dialPeer` does. */
  open(addresses: readonly string[], options: OpenOptions): Promise<Opened> {
    return this.#open(addresses, this.#init.protocol, () => true, options)
  }

  /** A stream of another protocol with the peer `expect`, by a new connection, or an open one that is `usable`. */
  openBeside(
    addresses: readonly string[],
    options: OpenOptions & { protocol: string; usable: (connection: Connection) => boolean },
  ): Promise<Opened> {
    return this.#open(addresses, options.protocol, options.usable, options)
  }

  async #open(
    addresses: readonly string[],
    protocol: string,
    usable: (connection: Connection) => boolean,
    { expect, signal }: OpenOptions,
  ): Promise<Opened> {
    const { libp2p, protocol: _, ...init } = this.#init
    if (expect === libp2p.peerId.toString()) {
      throw new InvalidInputError('peer_id', expect, 'the id of another peer than this one')
    }
    return dialPeer(addresses, {
      ...init,
      expect,
      signal,
      existing: libp2p
        .getConnections(peerIdFromString(expect))
        .filter(connection => connection.status === 'open' && usable(connection)),
      identified: connection => this.#identified.get(connection),
      open: async (connection, limit) => ({
        stream: await openStream(connection, protocol, limit),
        connection,
      }),
      onReport: report => {
        for (const listener of this.#listeners) listener(report)
      },
    })
  }

  /** What becomes of each address, all of them, by connections of their own (`tryAddress`); at most as many as a dial takes. */
  async tryAddresses(
    addresses: readonly string[],
    options: { expect?: string | undefined; signal: AbortSignal },
  ): Promise<AddressTrial[]> {
    const chosen = [...new Set(addresses)].slice(0, this.#init.limits.addresses)
    const trials: AddressTrial[][] = []
    const queue = chosen.entries()
    const one = async () => {
      for (const [index, address] of queue)
        trials[index] = await tryAddress(address, {
          ...this.#init,
          expect: options.expect,
          signal: options.signal,
        })
    }
    await Promise.all(Array.from({ length: TRIALS_AT_ONCE }, one))
    return trials.flat()
  }

  /** The id of the peer at an address that says none. Throws `invalid_input`, `unavailable`, and what a dial throws. */
  async whoIs(address: string, signal: AbortSignal): Promise<string> {
    const connection = await this.#init.transports.dial(multiaddr(address), { signal })
    const peerId = connection.remotePeer.toString()
    await connection.close().catch(error => connection.abort(error))
    return peerId
  }
}

/** Streams that come when nobody waits any more are ended. */
async function openStream(connection: Connection, protocol: string, signal: AbortSignal): Promise<Stream> {
  const stream = await connection.newStream(protocol, { signal, runOnLimitedConnection: true })
  if (!signal.aborted) return stream
  stream.abort(new Error('it came too late'))
  throw signal.reason
}
