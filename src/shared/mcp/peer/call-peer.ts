import type { Json, JsonObject, LogLine, Progress } from '../../tools/tool.ts'

export interface PeerCallOptions {
  /** Milliseconds to wait for the answer, a session that has to be opened first included. */
  timeoutMs: number
  signal: AbortSignal
  onProgress?: ((progress: Progress) => void) | undefined
  onLog?: ((line: LogLine) => void) | undefined
}

/**
 * Calls a tool of another peer, in this node's name and with what that peer lets this node do. Rejects with the error that
 * the tool answered, `not_found` for a peer of which no address is known, `unavailable` for one that cannot be
 * reached or leaves, `timed_out`, `forbidden`.
 */
export type CallPeer = (
  peerId: string,
  tool: string,
  input: JsonObject,
  options: PeerCallOptions,
) => Promise<Json>
