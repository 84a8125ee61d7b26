import type { Config } from '@matrixai/quic/native/types.js'
import type { QuicCertificate, QuicLimits } from '../quic.ts'
import type { Quiche } from './binding.ts'
import { PACKET_BYTES } from './udp-socket.ts'

/** Bytes that a peer may send on a stream before they are read; grows with the path's speed to STREAM_WINDOW. */
const INITIAL_STREAM_BYTES = 1024 * 1024
const STREAM_WINDOW = 2 * 1024 * 1024
/** The same for all streams of a connection together. */
const INITIAL_CONNECTION_BYTES = 2 * 1024 * 1024
const CONNECTION_WINDOW = 4 * 1024 * 1024
/** Largest UDP payload taken: an Ethernet frame's. */
const RECEIVED_PACKET_BYTES = 1472

export interface ServerOrClient {
  protocol: string
  limits: QuicLimits
  /** A server's. A client has none, and checks that of its server by itself when the handshake is done. */
  certificate?: QuicCertificate
}

/** The settings of connections, as quiche takes them. Throws for a certificate or key that it cannot read. */
export function quicheConfig(quiche: Quiche, { protocol, limits, certificate }: ServerOrClient): Config {
  const pem = new TextEncoder()
  const config =
    certificate === undefined
      ? quiche.Config.withBoringSslCtx(true, true)
      : quiche.Config.withBoringSslCtx(
          false,
          false,
          null,
          [pem.encode(certificate.key)],
          [pem.encode(certificate.cert)],
        )
  config.setApplicationProtos([protocol])
  config.setMaxIdleTimeout(limits.idleMs)
  config.setMaxRecvUdpPayloadSize(RECEIVED_PACKET_BYTES)
  config.setMaxSendUdpPayloadSize(PACKET_BYTES)
  config.setInitialMaxData(INITIAL_CONNECTION_BYTES)
  config.setInitialMaxStreamDataBidiLocal(INITIAL_STREAM_BYTES)
  config.setInitialMaxStreamDataBidiRemote(INITIAL_STREAM_BYTES)
  config.setInitialMaxStreamDataUni(64 * 1024)
  config.setInitialMaxStreamsBidi(limits.streams)
  config.setInitialMaxStreamsUni(limits.unidirectionalStreams)
  config.setMaxStreamWindow(STREAM_WINDOW)
  config.setMaxConnectionWindow(CONNECTION_WINDOW)
  config.setCcAlgorithm(quiche.CongestionControlAlgorithm.CUBIC)
  config.enableHystart(true)
  // Packets go out as they are made: their times could not be kept by Node's timers.
  config.enablePacing(false)
  config.grease(false)
  // One path for each connection, see quiche-endpoint.ts.
  config.setDisableActiveMigration(true)
  // HTTP/3 datagrams must be agreed on for WebTransport; libp2p has no use for them.
  config.enableDgram(true, 1, 1)
  return config
}
