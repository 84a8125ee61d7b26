import { z } from 'zod'
import { isRecord } from './rpc-message.ts'

/** Where a session's own features stand in the MCP capabilities of `initialize` and of its result. */
const FEATURE_KEY = 'toolmesh/session'

const featuresSchema = z.object({
  /** Bytes that the sender of this takes unacknowledged. */
  credit: z.int().positive().optional(),
  /** Whether it fetches blobs. */
  blobs: z.boolean().optional(),
  /** Whether it can go on over another stream (`/toolmesh/move/1.0.0`). */
  move: z.boolean().optional(),
  /** It relays, and answers STUN at this UDP port. */
  stun_port: z.int().min(1).max(65_535).optional(),
})

export interface SessionFeatures {
  /** Bytes that the peer takes unacknowledged; `Infinity` from one that gives no credit. */
  credit: number
  blobs: boolean
  move: boolean
  stun_port?: number | undefined
}

/** `initialize` params or result with our offer added to its capabilities. */
export function withOffer(value: Record<string, unknown>, offer: SessionFeatures): Record<string, unknown> {
  const capabilities = isRecord(value.capabilities) ? value.capabilities : {}
  const experimental = isRecord(capabilities.experimental) ? capabilities.experimental : {}
  return {
    ...value,
    capabilities: { ...capabilities, experimental: { ...experimental, [FEATURE_KEY]: offer } },
  }
}

/** What the peer's `initialize` params or result offer. */
export function readOffer(value: Record<string, unknown> | undefined): SessionFeatures {
  const capabilities = isRecord(value?.capabilities) ? value.capabilities : {}
  const experimental = isRecord(capabilities.experimental) ? capabilities.experimental : {}
  const features = featuresSchema.safeParse(experimental[FEATURE_KEY])
  if (!features.success) return { credit: Number.POSITIVE_INFINITY, blobs: false, move: false }
  const { credit = Number.POSITIVE_INFINITY, blobs = false, move = false, stun_port } = features.data
  return { credit, blobs, move, stun_port }
}

/** What both sides of one session agreed to; settled once, by the first `initialize` that passes. */
export class Negotiation {
  readonly offer: SessionFeatures
  #peer: SessionFeatures | undefined
  readonly #settled = Promise.withResolvers<void>()

  constructor(offer: SessionFeatures) {
    this.offer = offer
  }

  get settled(): boolean {
    return this.#peer !== undefined
  }

  /** Whether both sides take blobs. */
  get blobs(): boolean {
    return this.offer.blobs && this.#peer?.blobs === true
  }

  /** Whether both sides can go on over another stream. */
  get move(): boolean {
    return this.offer.move && this.#peer?.move === true
  }

  /** UDP port at which the peer answers STUN; undefined for one that does not, or that is not known yet. */
  get stunPort(): number | undefined {
    return this.#peer?.stun_port
  }

  /** Whether both sides acknowledge. */
  get credit(): boolean {
    return this.#peer !== undefined && Number.isFinite(this.#peer.credit)
  }

  whenSettled(): Promise<void> {
    return this.#settled.promise
  }

  /** Takes the peer's offer; false when it was settled before. */
  settle(peer: SessionFeatures): boolean {
    if (this.#peer !== undefined) return false
    this.#peer = peer
    this.#settled.resolve()
    return true
  }
}
