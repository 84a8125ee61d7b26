import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'

/** What a session's transport hands on to the session. */
export interface SessionTransportLink {
  started(): void
  send(message: JSONRPCMessage): Promise<void>
  close(): Promise<void>
}

/** One of the two SDK transports of a session; it holds nothing itself. */
export class SessionTransport implements Transport {
  readonly #link: SessionTransportLink
  onmessage?: NonNullable<Transport['onmessage']>
  onclose?: () => void
  onerror?: (error: Error) => void

  constructor(link: SessionTransportLink) {
    this.#link = link
  }

  async start(): Promise<void> {
    this.#link.started()
  }

  /** Resolves when the message was written, which the peer's credit may delay. */
  send(message: JSONRPCMessage): Promise<void> {
    return this.#link.send(message)
  }

  /** Closes the whole session: both directions share its stream. */
  close(): Promise<void> {
    return this.#link.close()
  }
}
