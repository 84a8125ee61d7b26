import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js'
import { ERROR_TABLE, type ErrorCode, type ErrorFacts, factsOf } from '../errors.ts'
import type { BlobOffers } from './blob-offers.ts'
import { FrameTooLargeError, SessionClosedError } from './errors.ts'
import { encodeFrame, FRAME_HEADER_BYTES } from './frame.ts'
import type { IncomingRequests } from './incoming-requests.ts'
import { type Maker, makerOf, markId } from './message-id.ts'
import { MOVE_METHOD, MOVED_METHOD } from './move/session-move.ts'
import { type Negotiation, withOffer } from './negotiation.ts'
import type { Lane, Outgoing } from './outgoing.ts'
import { isNotification, isRecord, isRequest, isRequestId, type RpcMessage } from './rpc-message.ts'
import type { SessionEnd } from './session-contract.ts'
import type { SessionLimits } from './session-limits.ts'

export const CREDIT_METHOD = 'notifications/toolmesh/credit'

/** Asks the peer's session to end, as nobody uses it. */
export const RETIRE_METHOD = 'toolmesh/retire'

/** The last frame of this side's half of a stream that the session leaves. Counts nowhere. */
export const MOVED_FRAME = encodeFrame(`{"jsonrpc":"2.0","method":"${MOVED_METHOD}"}`)

export interface MessageSenderInit {
  outgoing: Outgoing
  negotiation: Negotiation
  incoming: IncomingRequests
  offers: BlobOffers
  limits: Pick<SessionLimits, 'frameSent' | 'frameAccepted' | 'blob'>
  /** The dialler's client initializes first; every other request waits until that has settled. */
  initializesFirst: boolean
  /** A request of ours was cancelled; `marked` is its id. */
  onCancel: (marked: string) => void
  /** A request of either side, its answer or a notification of ours, by its method. */
  onUse: (method: string) => void
}

/** A message as it will stand on the wire: the head is JSON without its closing brace. */
interface Draft {
  head: string
  /** What becomes a blob when it is large. */
  field: 'params' | 'result' | undefined
  value: string | undefined
}

/** A request of ours on its way: no frame yet, a frame that waits, or written. */
interface Asked {
  method: string
  frame: Uint8Array | undefined
  written: boolean
}

const encoder = new TextEncoder()

/** Turns the messages of our Client and Server into frames: marks ids, adds our offer, makes blobs of large values. */
export class MessageSender {
  readonly #init: MessageSenderInit
  /** Our requests that have no answer yet, by marked id. */
  readonly #asked = new Map<string, Asked>()

  constructor(init: MessageSenderInit) {
    this.#init = init
  }

  send(maker: Maker, message: JSONRPCMessage): Promise<void> {
    const rpc: RpcMessage = message
    if (isRequest(rpc)) return this.#sendRequest(maker, rpc.id, rpc.method, rpc.params)
    if (isNotification(rpc)) return this.#sendNotification(maker, rpc.method, rpc.params)
    return this.#sendAnswer(rpc)
  }

  /** Whether `marked` is a request of ours without an answer. */
  asked(marked: string): boolean {
    return this.#asked.has(marked)
  }

  /** Requests of our Client and Server without an answer. */
  get pending(): number {
    return [...this.#asked.keys()].filter(marked => makerOf(marked) !== 'm').length
  }

  /** A request of ours has its answer: gives its method, or undefined when nobody waits for it. */
  answered(marked: string): string | undefined {
    const method = this.#asked.get(marked)?.method
    this.#asked.delete(marked)
    if (method !== undefined && makerOf(marked) !== 'm') this.#init.onUse(method)
    return method
  }

  /** Asks the peer's session something; its answer comes back as `m:<raw>`. */
  ask(raw: number, method: 'ping' | typeof RETIRE_METHOD): void {
    const marked = markId('m', raw)
    const frame = encodeFrame(`{"jsonrpc":"2.0","id":"${marked}","method":"${method}"}`)
    this.#asked.set(marked, { method, frame: undefined, written: true })
    this.#post(frame, 'urgent', { mustGo: true })
  }

  /** Answers what the peer's session asks. */
  tell(id: RequestId, result: Record<string, unknown>): void {
    this.#post(encodeFrame(JSON.stringify({ jsonrpc: '2.0', id, result })), 'urgent', { mustGo: true })
  }

  /** Acknowledges bytes. Overtakes everything and counts nowhere. */
  acknowledge(bytes: number): void {
    const text = `{"jsonrpc":"2.0","method":"${CREDIT_METHOD}","params":{"bytes":${bytes}}}`
    this.#post(encodeFrame(text), 'urgent', { mustGo: true, counted: false })
  }

  /** Tells the peer that the session is to go on over a stream whose first frame has this token. */
  move(token: string): void {
    const text = `{"jsonrpc":"2.0","method":"${MOVE_METHOD}","params":{"token":${JSON.stringify(token)}}}`
    this.#post(encodeFrame(text), 'urgent', { mustGo: true, counted: false })
  }

  /** Tells the peer why the session ends: an error answer to no request. */
  goodbye(reason: SessionEnd): void {
    const { code, message } = reason
    const mapped = isErrorCode(code) ? ERROR_TABLE[code].jsonrpc : INTERNAL_ERROR
    const error = { code: mapped === 'result' ? INTERNAL_ERROR : mapped, message, data: { code, message } }
    this.#post(encodeFrame(JSON.stringify({ jsonrpc: '2.0', id: null, error })), 'urgent', { mustGo: true })
  }

  /** Answers a request of the peer with an error, for a party of ours that cannot. */
  refuse(id: RequestId, error: unknown, code?: number): void {
    const answer = { jsonrpc: '2.0', id, error: rpcError(error, code) }
    this.#post(encodeFrame(JSON.stringify(answer)), 'urgent', { mustGo: true })
  }

  async #sendRequest(
    maker: Maker,
    id: RequestId,
    method: string,
    params?: RpcMessage['params'],
  ): Promise<void> {
    const { negotiation, initializesFirst } = this.#init
    const first = initializesFirst && maker === 'c' && method === 'initialize'
    const marked = markId(maker, id)
    this.#init.onUse(method)
    const asked: Asked = { method, frame: undefined, written: false }
    this.#asked.set(marked, asked)
    const wanted = () => this.#asked.get(marked) === asked
    if (!negotiation.settled && !first) await negotiation.whenSettled()
    if (!wanted()) return
    const marks = withMarkedToken(maker, params)
    const value = method === 'initialize' ? withOffer(marks ?? {}, negotiation.offer) : marks
    const draft: Draft = {
      head: `{"jsonrpc":"2.0","id":${JSON.stringify(marked)},"method":${JSON.stringify(method)}`,
      field: value === undefined ? undefined : 'params',
      value: value === undefined ? undefined : JSON.stringify(value),
    }
    const urgent = method === 'ping'
    try {
      asked.frame = this.#small(draft) ?? (await this.#withBlob(draft, wanted))
      if (asked.frame === undefined || !wanted()) return
      await this.#init.outgoing.send(asked.frame, urgent ? 'urgent' : 'request', { mustGo: urgent })
      asked.written = true
      asked.frame = undefined
    } catch (error) {
      this.#asked.delete(marked)
      throw error
    }
  }

  async #sendNotification(maker: Maker, method: string, params?: RpcMessage['params']): Promise<void> {
    let value = params
    this.#init.onUse(method)
    const cancelled = method === 'notifications/cancelled' && isRequestId(params?.requestId)
    if (cancelled && isRequestId(params?.requestId)) {
      const marked = markId(maker, params.requestId)
      if (this.#cancelUnsent(marked)) return
      this.#init.onCancel(marked)
      value = { ...params, requestId: marked }
    }
    const draft: Draft = {
      head: `{"jsonrpc":"2.0","method":${JSON.stringify(method)}`,
      field: value === undefined ? undefined : 'params',
      value: value === undefined ? undefined : JSON.stringify(value),
    }
    const frame = this.#small(draft) ?? (await this.#withBlob(draft, () => true))
    if (frame === undefined) return
    await this.#init.outgoing.send(frame, cancelled ? 'urgent' : 'reply', { mustGo: cancelled })
  }

  async #sendAnswer(message: RpcMessage): Promise<void> {
    const { incoming, negotiation } = this.#init
    const { id, result, error } = message
    const request = isRequestId(id) ? incoming.get(id) : undefined
    if (request !== undefined) this.#init.onUse(request.method)
    const value =
      result !== undefined && request?.method === 'initialize' ? withOffer(result, negotiation.offer) : result
    const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id ?? null)}`
    const draft: Draft =
      value === undefined
        ? { head: `${head},"error":${JSON.stringify(error)}`, field: undefined, value: undefined }
        : { head, field: 'result', value: JSON.stringify(value) }
    const lane: Lane = request?.method === 'ping' ? 'urgent' : 'reply'
    try {
      const wanted = () => !isRequestId(id) || incoming.get(id) === request
      const frame = this.#small(draft) ?? (await this.#withBlob(draft, wanted))
      if (frame !== undefined) await this.#init.outgoing.send(frame, lane, { mustGo: true })
    } catch (failure) {
      if (!(failure instanceof SessionClosedError) && isRequestId(id)) this.refuse(id, failure)
      throw failure
    } finally {
      if (isRequestId(id)) incoming.done(id)
    }
  }

  /** The request never left: nobody has to be told of its cancel. */
  #cancelUnsent(marked: string): boolean {
    const asked = this.#asked.get(marked)
    this.#asked.delete(marked)
    if (asked === undefined || asked.written) return false
    return asked.frame === undefined || this.#init.outgoing.withdraw(asked.frame)
  }

  /** The frame of a draft that goes inline; undefined for one whose value must become a blob. */
  #small(draft: Draft): Uint8Array | undefined {
    const { limits, negotiation } = this.#init
    const most = negotiation.blobs && draft.field !== undefined ? limits.frameSent : limits.frameAccepted
    const length = draft.head.length + (draft.value?.length ?? 0)
    if (length > most && negotiation.blobs && draft.field !== undefined) return undefined
    const frame = encodeFrame(
      draft.value === undefined ? `${draft.head}}` : `${draft.head},"${draft.field}":${draft.value}}`,
    )
    const size = frame.byteLength - FRAME_HEADER_BYTES
    if (size <= most) return frame
    if (negotiation.blobs && draft.field !== undefined) return undefined
    throw new FrameTooLargeError('message', size, most)
  }

  /** The frame that refers to the draft's value by CID; undefined when nobody wants it any more. */
  async #withBlob(draft: Draft, wanted: () => boolean): Promise<Uint8Array | undefined> {
    const bytes = encoder.encode(draft.value ?? 'null')
    if (bytes.byteLength > this.#init.limits.blob) {
      throw new FrameTooLargeError('value', bytes.byteLength, this.#init.limits.blob)
    }
    const cid = await this.#init.offers.add(bytes, wanted)
    if (cid === undefined) return undefined
    return encodeFrame(`${draft.head},"${draft.field}":{"$blob":"${cid}","size":${bytes.byteLength}}}`)
  }

  #post(frame: Uint8Array, lane: Lane, options: { mustGo: boolean; counted?: boolean }): void {
    // A frame of the session itself: if it cannot go, the session has ended and everyone hears that.
    this.#init.outgoing.send(frame, lane, options).catch(() => {})
  }
}

/** JSON-RPC 2.0 section 5.1: for errors of ours that have no code of their own there. */
const INTERNAL_ERROR = -32603

function isErrorCode(code: string): code is ErrorCode {
  return code in ERROR_TABLE
}

/** An error as JSON-RPC tells it; `data` has the facts. */
export function rpcError(error: unknown, code?: number): { code: number; message: string; data: ErrorFacts } {
  const facts = factsOf(error)
  const mapped = ERROR_TABLE[facts.code].jsonrpc
  return {
    code: code ?? (mapped === 'result' ? INTERNAL_ERROR : mapped),
    message: facts.message,
    data: facts,
  }
}

/** Our own progress token must come back to the one of us that gave it. */
function withMarkedToken(maker: Maker, params: RpcMessage['params']): RpcMessage['params'] {
  if (params === undefined || !isRecord(params._meta) || !isRequestId(params._meta.progressToken))
    return params
  const { _meta: meta } = params
  return { ...params, _meta: { ...meta, progressToken: markId(maker, params._meta.progressToken) } }
}
