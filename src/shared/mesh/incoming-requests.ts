import type { RequestId } from '@modelcontextprotocol/sdk/types.js'
import type { Party } from './message-route.ts'

export interface IncomingRequest {
  method: string
  /** Who of ours answers it. */
  party: Party
  /** What it takes in memory, a fetched blob included. */
  bytes: number
  /** What credit counts. */
  frameBytes: number
  /** Runs when there is room; until then the peer gets no credit for the request. */
  begin: () => void
}

interface Tracked extends IncomingRequest {
  begun: boolean
}

/**
 * The peer's requests from their arrival to their answer. Beyond a number and a size they are held back, so
 * that slow handlers fill the peer's credit window and not our memory.
 */
export class IncomingRequests {
  readonly #maxCount: number
  readonly #maxBytes: number
  readonly #byId = new Map<RequestId, Tracked>()
  #running = 0
  #runningBytes = 0

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount
    this.#maxBytes = maxBytes
  }

  /** Calls `begin` now, or when earlier requests have been answered. False: the id is in use, nothing was done. */
  add(id: RequestId, request: IncomingRequest): boolean {
    if (this.#byId.has(id)) return false
    const tracked = { ...request, begun: false }
    const held = this.#byId.size > this.#running
    this.#byId.set(id, tracked)
    if (!held && this.#hasRoom(request.bytes)) this.#begin(tracked)
    return true
  }

  /** Requests that were not answered yet, held ones too. */
  get count(): number {
    return this.#byId.size
  }

  get(id: RequestId): IncomingRequest | undefined {
    return this.#byId.get(id)
  }

  /** The request was answered or cancelled. Returns whether it had begun. */
  done(id: RequestId): boolean {
    const request = this.#byId.get(id)
    if (request === undefined) return false
    this.#byId.delete(id)
    if (!request.begun) return false
    this.#running -= 1
    this.#runningBytes -= request.bytes
    if (this.#byId.size > this.#running) this.#beginHeld()
    return true
  }

  #beginHeld(): void {
    for (const request of this.#byId.values()) {
      if (request.begun) continue
      if (!this.#hasRoom(request.bytes)) return
      this.#begin(request)
    }
  }

  #hasRoom(bytes: number): boolean {
    if (this.#running === 0) return true
    return this.#running < this.#maxCount && this.#runningBytes + bytes <= this.#maxBytes
  }

  #begin(request: Tracked): void {
    request.begun = true
    this.#running += 1
    this.#runningBytes += request.bytes
    request.begin()
  }
}
