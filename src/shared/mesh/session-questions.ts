import type { RequestId } from '@modelcontextprotocol/sdk/types.js'
import { SessionClosedError } from './errors.ts'
import type { RpcResponse } from './rpc-message.ts'
import type { SessionEnd } from './session-contract.ts'

/** What a session asks of the peer's session by itself, beside the requests of its Client and Server. */
export class SessionQuestions {
  readonly #closed: Promise<SessionEnd>
  readonly #asked = new Map<RequestId, (answer: RpcResponse) => void>()
  #count = 0

  constructor(closed: Promise<SessionEnd>) {
    this.#closed = closed
  }

  /**
   * Sends a question by its number; `told` runs as the answer comes, before anything that came after it. Rejects with the
   * signal's reason, and when the session ends.
   */
  async ask(
    send: (raw: number) => void,
    signal: AbortSignal,
    told: (answer: RpcResponse) => void = () => {},
  ): Promise<void> {
    signal.throwIfAborted()
    this.#count += 1
    const raw = this.#count
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    this.#asked.set(raw, answer => {
      told(answer)
      resolve()
    })
    void this.#closed.then(end => reject(new SessionClosedError(end.message)))
    try {
      send(raw)
      await promise
    } finally {
      this.#asked.delete(raw)
      signal.removeEventListener('abort', abort)
    }
  }

  answered(raw: RequestId, answer: RpcResponse): void {
    this.#asked.get(raw)?.(answer)
  }
}
