import type { RequestId } from '@modelcontextprotocol/sdk/types.js'
import { ToolmeshError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { type BlobFetches, type BlobRef, blobRefOf } from './blob-fetches.ts'
import type { CreditLedger } from './credit.ts'
import { BadFrameError } from './errors.ts'
import type { IncomingRequests } from './incoming-requests.ts'
import { makerOf, rawId } from './message-id.ts'
import { type Party, routeNotification, routeRequest } from './message-route.ts'
import { CREDIT_METHOD, type MessageSender, RETIRE_METHOD, rpcError } from './message-sender.ts'
import { MOVE_METHOD, MOVED_METHOD } from './move/session-move.ts'
import { readOffer, type SessionFeatures } from './negotiation.ts'
import {
  isNotification,
  isRecord,
  isRequest,
  isRequestId,
  isResponse,
  isRpcShape,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from './rpc-message.ts'

/** JSON-RPC 2.0 section 5.1. */
const INVALID_REQUEST = -32600

const UNCOUNTED: ReadonlySet<string> = new Set([CREDIT_METHOD, MOVE_METHOD, MOVED_METHOD])

export interface MessageReceiverInit {
  sender: MessageSender
  incoming: IncomingRequests
  fetches: BlobFetches
  ledger: CreditLedger
  logger: Logger
  /** Hands a message to our Client or Server; calls `taken` when it did. */
  deliver: (party: Party, message: RpcMessage, taken: () => void) => void
  /** The peer's side of `initialize`. */
  onOffer: (offer: SessionFeatures) => void
  /** What the session itself says came: it is answered at once, so no credit holds it back. */
  onControl: () => void
  onCredit: (bytes: number) => void
  /** The peer tells of a stream to move to; its half of the stream of now has ended. */
  onMove: (token: unknown) => void
  onMoved: () => void
  /** The answer to what this side's session asked. */
  onTold: (raw: RequestId, answer: RpcResponse) => void
  /** The peer's session asks to end, as nobody uses it there. */
  onRetire: (id: RequestId) => void
  /** A request or notification of this method came. */
  onUse: (method: string) => void
  /** The peer says why it closes. */
  onGoodbye: (code: string, message: string) => void
}

/** Takes each message of the peer to whom it is for: our Client, our Server, or the session. */
export class MessageReceiver {
  readonly #init: MessageReceiverInit
  #initialized = false

  constructor(init: MessageReceiverInit) {
    this.#init = init
  }

  /** `bytes` of the frame, for credit. Throws `bad_frame` or `rate_limited`. */
  accept(message: unknown, bytes: number): void {
    if (isUncounted(message)) this.#init.onControl()
    else this.#init.ledger.arrived(bytes)
    if (!isRpcShape(message)) throw new BadFrameError('a frame that is not a JSON-RPC 2.0 message')
    if (isRequest(message)) this.#request(message, bytes)
    else if (isResponse(message)) this.#response(message, bytes)
    else if (isNotification(message)) this.#notification(message, bytes)
    else throw new BadFrameError('a frame that is neither request, answer nor notification')
  }

  #request(message: RpcRequest, bytes: number): void {
    const { incoming, sender } = this.#init
    const { id, method } = message
    if (method === 'initialize' && !this.#mayInitialize(message)) {
      sender.refuse(id, new ToolmeshError('conflict', 'this side was initialized before'), INVALID_REQUEST)
      this.#init.ledger.taken(bytes)
      return
    }
    if (makerOf(id) === 'm' && (method === 'ping' || method === RETIRE_METHOD)) {
      this.#init.ledger.taken(bytes)
      this.#init.onControl()
      if (method === 'ping') sender.tell(id, {})
      else this.#init.onRetire(id)
      return
    }
    this.#init.onUse(method)
    const party = routeRequest(message)
    const ref = blobRefOf(message)
    const begin = () => {
      if (ref === undefined) this.#hand(party, message, bytes)
      else void this.#fetchRequest(party, message, ref, bytes)
    }
    if (incoming.add(id, { method, party, bytes: ref?.size ?? bytes, frameBytes: bytes, begin })) return
    sender.refuse(
      id,
      new ToolmeshError('conflict', 'a request of this id is being answered'),
      INVALID_REQUEST,
    )
    this.#init.ledger.taken(bytes)
  }

  async #fetchRequest(party: Party, message: RpcRequest, ref: BlobRef, bytes: number): Promise<void> {
    const { fetches, incoming, sender, ledger } = this.#init
    const request = incoming.get(message.id)
    try {
      const params = await fetches.value(ref, incomingKey(message.id))
      if (incoming.get(message.id) === request) this.#hand(party, { ...message, params }, bytes)
    } catch (error) {
      if (incoming.get(message.id) === request && incoming.done(message.id)) sender.refuse(message.id, error)
      ledger.taken(bytes)
    }
  }

  #response(message: RpcResponse, bytes: number): void {
    const { sender, logger, ledger } = this.#init
    const marked = message.id
    if (marked === null) {
      const { code, message: why } = message.error ?? { code: 0, message: '' }
      const facts = message.error?.data
      this.#init.onGoodbye(isRecord(facts) && typeof facts.code === 'string' ? facts.code : String(code), why)
      return
    }
    const maker = makerOf(marked)
    const raw = typeof marked === 'string' ? rawId(marked) : undefined
    if (maker === undefined || raw === undefined || !sender.asked(String(marked))) {
      // The answer of a request that was cancelled meanwhile, or a stray one.
      logger('debug', 'an answer that nobody waits for', { id: marked })
      ledger.taken(bytes)
      return
    }
    if (maker === 'm') {
      sender.answered(String(marked))
      ledger.taken(bytes)
      this.#init.onTold(raw, message)
      return
    }
    const party = maker === 'c' ? 'client' : 'server'
    const answer = { ...message, id: raw }
    const ref = blobRefOf(message)
    if (ref !== undefined) {
      void this.#fetchResponse(party, answer, String(marked), ref, bytes)
      return
    }
    if (sender.answered(String(marked)) === 'initialize') this.#init.onOffer(readOffer(message.result))
    this.#hand(party, answer, bytes)
  }

  async #fetchResponse(
    party: Party,
    answer: RpcResponse,
    marked: string,
    ref: BlobRef,
    bytes: number,
  ): Promise<void> {
    const { fetches, sender, ledger } = this.#init
    try {
      const result = await fetches.value(ref, marked)
      if (sender.answered(marked) === undefined) ledger.taken(bytes)
      else this.#hand(party, { ...answer, result }, bytes)
    } catch (error) {
      if (sender.answered(marked) === undefined) ledger.taken(bytes)
      else this.#hand(party, { jsonrpc: '2.0', id: answer.id, error: rpcError(error) }, bytes)
    }
  }

  #notification(message: RpcNotification, bytes: number): void {
    const { method, params } = message
    this.#init.onUse(method)
    if (method === CREDIT_METHOD) {
      if (typeof params?.bytes === 'number' && params.bytes > 0) this.#init.onCredit(params.bytes)
      return
    }
    if (method === MOVE_METHOD) {
      this.#init.onMove(params?.token)
      return
    }
    if (method === MOVED_METHOD) {
      this.#init.onMoved()
      return
    }
    if (method === 'notifications/cancelled' && isRequestId(params?.requestId)) {
      this.#cancelled(message, params.requestId, bytes)
      return
    }
    const token = method === 'notifications/progress' ? params?.progressToken : undefined
    const maker = makerOf(token)
    if (maker === 'c' || maker === 's') {
      const progressToken = typeof token === 'string' ? rawId(token) : undefined
      this.#hand(
        maker === 'c' ? 'client' : 'server',
        { ...message, params: { ...params, progressToken } },
        bytes,
      )
      return
    }
    const party = routeNotification(method)
    const ref = blobRefOf(message)
    if (ref === undefined) this.#hand(party, message, bytes)
    else void this.#fetchNotification(party, message, ref, bytes)
  }

  async #fetchNotification(
    party: Party,
    message: RpcNotification,
    ref: BlobRef,
    bytes: number,
  ): Promise<void> {
    const { fetches, logger, ledger } = this.#init
    try {
      const params = await fetches.value(ref, ref.cid)
      this.#hand(party, { ...message, params }, bytes)
    } catch (error) {
      logger('warning', 'a notification could not be fetched', {
        method: message.method,
        error: String(error),
      })
      ledger.taken(bytes)
    }
  }

  /** The peer no longer wants an answer: also not the fetch of what it asked. */
  #cancelled(message: RpcNotification, id: RequestId, bytes: number): void {
    const { incoming, fetches, ledger } = this.#init
    const request = incoming.get(id)
    const fetching = fetches.cancel(incomingKey(id))
    const begun = incoming.done(id)
    if (request === undefined || !begun || fetching) {
      if (request !== undefined && !begun) ledger.taken(request.frameBytes)
      ledger.taken(bytes)
      return
    }
    this.#hand(request.party, message, bytes)
  }

  /** Each side initializes once; the peer's offer is in it. */
  #mayInitialize(message: RpcRequest): boolean {
    if (this.#initialized) return false
    this.#initialized = true
    this.#init.onOffer(readOffer(message.params))
    return true
  }

  #hand(party: Party, message: RpcMessage, bytes: number): void {
    this.#init.deliver(party, message, () => this.#init.ledger.taken(bytes))
  }
}

/** Credit counts every frame but those of the session itself. */
function isUncounted(message: unknown): boolean {
  return isRecord(message) && typeof message.method === 'string' && UNCOUNTED.has(message.method)
}

/** Marked ids are the peer's here: kept apart from ours, which look the same. */
function incomingKey(id: RequestId): string {
  return `in ${JSON.stringify(id)}`
}
