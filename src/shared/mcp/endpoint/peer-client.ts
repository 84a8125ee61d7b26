import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { ErrorCode, LoggingMessageNotificationSchema, McpError } from '@modelcontextprotocol/sdk/types.js'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/cfworker'
import type { z } from 'zod'
import { errorFromFacts, ToolmeshError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { Session } from '../../mesh/session-contract.ts'
import { LinkLostError } from '../../queue/errors.ts'
import type { JsonObject, LogLine, Progress } from '../../tools/tool.ts'
import { LOG_KEY_META } from '../binding/call-stream.ts'
import { errorFacts } from '../error-facts.ts'
import { PeerAnswerError, PeerTimeoutError } from '../errors.ts'
import { isJsonObject } from '../json-object.ts'
import { EndpointTransport } from './endpoint-transport.ts'
import { logLineOf } from './log-line.ts'
import { logParams, PROGRESS_CHARS } from './protocol.ts'

/** The SDK arms a timer for each request; this is the most that one takes (2^31 - 1 ms). */
const MAX_TIMEOUT_MS = 2_147_483_647

export interface RequestOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds to wait for the answer. */
  timeoutMs: number
  onProgress?: ((progress: Progress) => void) | undefined
  onLog?: ((line: LogLine) => void) | undefined
}

export interface PeerClientInit {
  session: Session
  name: string
  version: string
  /** Resolves when this side may initialize: the dialler does so first. */
  turn: Promise<void>
  logger: Logger
}

/** What we ask of a peer: the SDK's Client over a session, with our errors. */
export class PeerClient {
  /** For reading and watching the peer's resources. */
  readonly client: Client
  /** Resolves when the peer has answered `initialize`; rejects when it does not. */
  readonly ready: Promise<void>
  readonly peerId: string
  #ended = false
  #logKeys = 0
  readonly #logListeners = new Map<string, (line: LogLine) => void>()
  readonly #notified = new Map<string, (params: unknown) => void>()

  constructor({ session, name, version, turn, logger }: PeerClientInit) {
    this.peerId = session.peerId
    this.client = new Client(
      { name, version },
      // The SDK's default compiles schemas by eval, which a page's CSP forbids.
      { jsonSchemaValidator: new CfWorkerJsonSchemaValidator() },
    )
    this.client.onerror = error =>
      logger('debug', 'a peer sent something unexpected', { error: error.message })
    this.client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => this.#onLog(params))
    this.client.fallbackNotificationHandler = async ({ method, params }) =>
      this.#notified.get(method)?.(params)
    const ended = session.closed.then(end => {
      this.#ended = true
      throw new LinkLostError(`${session.peerId} (${end.message})`)
    })
    this.ready = Promise.race([turn, ended]).then(() =>
      this.client.connect(new EndpointTransport(session.clientTransport)),
    )
    // Whoever asks something of the peer hears of a failure; nobody has to.
    this.ready.catch(error => logger('debug', 'a peer could not be initialized', { error: String(error) }))
    ended.catch(() => {})
  }

  /** Calls `listener` with the params, as they came, of each notification of this method. */
  onNotification(method: string, listener: (params: unknown) => void): void {
    this.#notified.set(method, listener)
  }

  get ended(): boolean {
    return this.#ended
  }

  /**
   * Rejects with LinkLostError when the session ends first, PeerTimeoutError, the abort's reason, what the peer
   * answered as our error, or PeerAnswerError for what is not the protocol.
   */
  async request<S extends z.ZodType>(
    method: string,
    params: object,
    schema: S,
    options: RequestOptions,
  ): Promise<z.output<S>> {
    const { signal, timeoutMs, onProgress, onLog } = options
    const logKey = onLog === undefined ? undefined : this.#listenForLogs(onLog)
    // The SDK never takes its listener back, and a signal may outlive many requests: it gets one of this request.
    const abort = new AbortController()
    const onAbort = (): void => abort.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      signal?.throwIfAborted()
      await this.ready
      return await this.client.request({ method, params: { ...params, ...metaOf(params, logKey) } }, schema, {
        timeout: Math.min(timeoutMs, MAX_TIMEOUT_MS),
        signal: abort.signal,
        ...(onProgress === undefined
          ? {}
          : {
              onprogress: ({ progress, total, message }) => onProgress(progressOf(progress, total, message)),
            }),
      })
    } catch (error) {
      throw this.#errorOf(error, method, timeoutMs, signal)
    } finally {
      signal?.removeEventListener('abort', onAbort)
      if (logKey !== undefined) this.#logListeners.delete(logKey)
    }
  }

  #errorOf(error: unknown, method: string, timeoutMs: number, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason
    if (this.#ended) return new LinkLostError(this.peerId)
    if (error instanceof ToolmeshError) return error
    if (!(error instanceof McpError)) return new PeerAnswerError(this.peerId, method, error)
    const facts = errorFacts.safeParse(error.data)
    if (facts.success) return errorFromFacts(facts.data)
    if (error.code === ErrorCode.ConnectionClosed) return new LinkLostError(this.peerId)
    if (error.code === ErrorCode.RequestTimeout) return new PeerTimeoutError(this.peerId, method, timeoutMs)
    return new PeerAnswerError(this.peerId, method, error)
  }

  #listenForLogs(onLog: (line: LogLine) => void): string {
    this.#logKeys += 1
    const key = String(this.#logKeys)
    this.#logListeners.set(key, onLog)
    return key
  }

  #onLog(params: unknown): void {
    const parsed = logParams.safeParse(params)
    if (!parsed.success) return
    this.#logListeners.get(parsed.data._meta[LOG_KEY_META])?.(logLineOf(parsed.data))
  }
}

function metaOf(params: object, logKey: string | undefined): { _meta?: JsonObject } {
  if (logKey === undefined) return {}
  const meta = '_meta' in params && isJsonObject(params._meta) ? params._meta : {}
  return { _meta: { ...meta, [LOG_KEY_META]: logKey } }
}

function progressOf(done: number, total: number | undefined, message: string | undefined): Progress {
  return {
    done,
    ...(total === undefined ? {} : { total }),
    ...(message === undefined ? {} : { message: message.slice(0, PROGRESS_CHARS) }),
  }
}
