import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { SessionBytes } from './session-bytes.ts'

/** Why a session ended. `code` is an error code of src/shared/errors.ts, `closed` for an orderly end, `idle` for one that nobody used. */
export interface SessionEnd {
  code: string
  message: string
}

/** How a session's bytes travel. */
export type Path = 'tcp' | 'websocket' | 'webrtc-direct' | 'webrtc' | 'webtransport' | 'relay'

/** One long-lived `/mcp+p2p/1.0.0` stream with one peer; MCP in both directions (docs/PROTOCOL.md). */
export interface Session {
  /** The authenticated peer id of the connection. */
  readonly peerId: string
  readonly direction: 'inbound' | 'outbound'
  /** Changes when the session moves to another connection. */
  readonly path: Path
  /** UDP port at which the peer, a relay, answers STUN. */
  readonly stunPort?: number | undefined
  /** For this side's SDK Client: requests that we make. */
  readonly clientTransport: Transport
  /** For this side's SDK Server: requests that the peer makes. */
  readonly serverTransport: Transport
  /** What went over it so far. */
  readonly bytes?: SessionBytes
  /** Resolves (never rejects) when the session has ended, whoever ended it. */
  readonly closed: Promise<SessionEnd>
  /** Somebody uses it until the returned function is called: it is not idle. Throws `unavailable` when it has ended. */
  hold(): () => void
  /** Milliseconds since something was asked or told on it by either side; 0 while it is held or a request is under way. */
  idleMs(): number
  /**
   * Ends an idle session without loss: the peer is asked, and nothing new is sent before it has answered. False when
   * either side uses it, or the peer does not answer.
   */
  retire(signal: AbortSignal): Promise<boolean>
  close(reason?: SessionEnd): Promise<void>
}
