import type { Connection, Upgrader } from '@libp2p/interface'
import type { ICryptoInterface, NoiseComponents } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { authenticateOutbound } from './authenticate.ts'
import type { WebTransportSession } from './session.ts'
import { SessionConnection } from './session-connection.ts'
import { sessionMuxer } from './session-muxer.ts'

export interface OutboundParts {
  address: Multiaddr
  /** Of the address. */
  certhashes: readonly Uint8Array[]
  components: NoiseComponents
  noiseCrypto?: ICryptoInterface | undefined
  upgrader: Upgrader
  signal: AbortSignal
  /** As libp2p's own WebTransport tells of its steps. */
  onProgress?: ((event: { type: string; detail: unknown }) => void) | undefined
}

/** A connection of libp2p from a session that was dialled. On failure and abort the session is closed. */
export async function upgradeOutbound(
  session: WebTransportSession,
  { address, certhashes, components, noiseCrypto, upgrader, signal, onProgress }: OutboundParts,
): Promise<Connection> {
  const log = components.logger.forComponent('toolmesh:webtransport')
  const giveUp = () => session.close()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    onProgress?.({ type: 'webtransport:secure-outbound-connection', detail: undefined })
    const id = address.getComponents().find(({ name }) => name === 'p2p')?.value
    const remotePeer = await authenticateOutbound(
      session,
      { components, noiseCrypto, log },
      { remotePeer: id === undefined ? undefined : peerIdFromString(id), certhashes, signal },
    )
    const raw = new SessionConnection(session, { remoteAddr: address, direction: 'outbound', log })
    return await upgrader.upgradeOutbound(raw, {
      ...(onProgress === undefined ? {} : { onProgress }),
      skipEncryption: true,
      skipProtection: true,
      remotePeer,
      muxerFactory: sessionMuxer(session),
      signal,
    })
  } catch (error) {
    session.close()
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
