import type { Transport, TransportSendOptions } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage, MessageExtraInfo } from '@modelcontextprotocol/sdk/types.js'

/**
 * One of a session's two transports, as the endpoint hands it to the SDK: a Client or Server that gives up does
 * not end the session, which the other direction shares.
 */
export class EndpointTransport implements Transport {
  readonly #inner: Transport
  onmessage?: <T extends JSONRPCMessage>(message: T, extra?: MessageExtraInfo) => void
  onclose?: () => void
  onerror?: (error: Error) => void

  constructor(inner: Transport) {
    this.#inner = inner
  }

  async start(): Promise<void> {
    this.#inner.onmessage = (message, extra) => this.onmessage?.(message, extra)
    this.#inner.onclose = () => this.onclose?.()
    this.#inner.onerror = error => this.onerror?.(error)
    await this.#inner.start()
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    return this.#inner.send(message, options)
  }

  async close(): Promise<void> {}
}
