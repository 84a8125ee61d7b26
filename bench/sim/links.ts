import type { Clock } from '../../src/shared/clock.ts'
import type { ExchangeAnswer, ExchangeRequest } from '../../src/shared/mesh/peers/exchange-message.ts'
import { type Random, seeded } from './random.ts'
import type { SimPeer } from './sim-peer.ts'

/** A packet is lost so often; sessions run over reliable transports, so that loss is a delay: one retransmission timeout (RFC 6298). */
const LOSS = 0.01
const RETRANSMIT_MS = 200
/** Bytes a second of a peer's uplink, as of a home connection (10 Mbit/s). */
const UPLINK = 1_250_000
/** Bytes of a frame beside its announcements: JSON-RPC, noise and the transport. */
const FRAME_BYTES = 120

/** Carries messages between peers, each after its time; nothing reaches a peer that has gone. */
export class Links {
  readonly sent = { node: { messages: 0, bytes: 0 }, tab: { messages: 0, bytes: 0 } }
  readonly #clock: Clock
  readonly #random: Random

  constructor(clock: Clock, seed: number) {
    this.#clock = clock
    this.#random = seeded(seed)
  }

  /** The answer of the other peer; never settles when that goes meanwhile, as the asker's own limit ends the wait. */
  ask(from: SimPeer, to: SimPeer, request: ExchangeRequest): Promise<ExchangeAnswer> {
    const { promise, resolve } = Promise.withResolvers<ExchangeAnswer>()
    this.#send(from, to, bytesOf(request), () => {
      const answer = to.exchange.answer(from.id, request)
      this.#send(to, from, bytesOf(answer), () => resolve(answer))
    })
    return promise
  }

  #send(from: SimPeer, to: SimPeer, bytes: number, arrived: () => void): void {
    const sent = this.sent[from.kind]
    sent.messages += 1
    sent.bytes += bytes
    const late = this.#random() < LOSS ? RETRANSMIT_MS : 0
    const ms = from.distanceMs + to.distanceMs + (bytes / UPLINK) * 1000 + late
    this.#clock.after(Math.ceil(ms), () => {
      if (to.alive) arrived()
    })
  }
}

function bytesOf({ announcements, catalogues = [] }: ExchangeRequest | ExchangeAnswer): number {
  const words = announcements.reduce(
    (sum, { text, signature }) => sum + text.length + signature.length + 30,
    0,
  )
  const lists = catalogues.reduce(
    (sum, each) => sum + (typeof each === 'string' ? each.length : 62 * each.length),
    0,
  )
  return FRAME_BYTES + words + lists
}
