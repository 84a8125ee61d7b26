/**
 * The transports of a libp2p host without its dial queue: that joins dials to one peer into one, and tries their
 * addresses one after the other, so it cannot race them, nor dial a peer by another path while a connection is open.
 */
import type { Connection, ConnectionGater, Transport, Upgrader } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { ToolmeshError } from '../../errors.ts'
import { UnexpectedPeerError } from '../errors.ts'
import { unlessAborted } from '../unless-aborted.ts'

/** What is needed of a host's components (libp2p `services` get all of them). */
interface HostComponents {
  transportManager: { dialTransportForMultiaddr(address: Multiaddr): Transport | undefined }
  upgrader: Upgrader
  connectionGater: ConnectionGater
}

export interface DialOptions {
  signal: AbortSignal
  onProgress?: (event: { type: string }) => void
}

export class DialTransports {
  readonly #components: HostComponents

  constructor(components: HostComponents) {
    this.#components = components
  }

  /**
   * A new connection by one address, which ends with the id of the peer: the secure channel proves it. Whatever becomes
   * of the dial, nothing of it stays open but the connection that is returned. Throws `unavailable`, `forbidden`,
   * what the transport throws, and the signal's reason as soon as that aborts.
   */
  async dial(address: Multiaddr, { signal, onProgress }: DialOptions): Promise<Connection> {
    signal.throwIfAborted()
    const transport = this.#components.transportManager.dialTransportForMultiaddr(address)
    if (transport === undefined) throw new ToolmeshError('unavailable', 'no transport here for this address')
    await this.#ask(address)
    const dialling: Promise<Connection> = transport.dial(address, {
      signal,
      upgrader: closingUpgrader(this.#components.upgrader),
      ...(onProgress === undefined ? {} : { onProgress }),
    })
    const connection = await unlessAborted(dialling, signal).catch(error => {
      // A transport may be slow to notice an abort.
      dialling.then(late => late.abort(new Error('it came too late'))).catch(() => {})
      throw error
    })
    const last = address.getComponents().at(-1)
    const found = connection.remotePeer.toString()
    if (last?.name === 'p2p' && last.value !== found) {
      connection.abort(new Error('another peer'))
      throw new UnexpectedPeerError(String(last.value), found)
    }
    return connection
  }

  /** libp2p asks its gater in the dial queue, which is not used here. */
  async #ask(address: Multiaddr): Promise<void> {
    const { connectionGater: gater } = this.#components
    const last = address.getComponents().at(-1)
    const peer = last?.name === 'p2p' ? peerIdFromString(String(last.value)) : undefined
    const denied =
      (peer !== undefined && (await gater.denyDialPeer?.(peer)) === true) ||
      (await gater.denyDialMultiaddr?.(address)) === true
    if (denied) throw new ToolmeshError('forbidden', 'this host does not dial this peer or address')
  }
}

/** Not every transport closes a connection whose upgrade fails or is aborted (WebSocket does not). */
function closingUpgrader(upgrader: Upgrader): Upgrader {
  const closing: Upgrader = Object.create(upgrader)
  closing.upgradeOutbound = async (connection, options) => {
    try {
      return await upgrader.upgradeOutbound(connection, options)
    } catch (error) {
      connection.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }
  return closing
}
