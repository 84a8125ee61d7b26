import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Clock } from '../../shared/clock.ts'
import type { Logger } from '../../shared/logger.ts'
import { TokenBucket } from '../../shared/mesh/limits/token-bucket.ts'
import { answerStun, LARGEST_REQUEST_BYTES } from '../../shared/mesh/reach/stun-message.ts'

/** Requests a second of one address (of an IPv6 network of 64 bits), and at once; a WebRTC connection takes a few. */
const OF_ONE = { perSecond: 20, burst: 60 }

/** Of all addresses together. */
const OF_ALL = { perSecond: 2_000, burst: 4_000 }

/** Addresses whose rate is remembered; the one that asked longest ago is forgotten first. */
const REMEMBERED = 4_096

export interface StunServerInit {
  /** Addresses to listen on: of IPv4 and IPv6, at most one each. */
  hosts: readonly string[]
  /** UDP port; 0 takes a free one. */
  port: number
  clock: Clock
  logger: Logger
}

/**
 * Answers STUN binding requests (RFC 8489), so that peers learn under which address they are seen. To any address: who asks
 * learns its own, and an answer has at most 24 bytes more than the question, so that it is of no use to flood others.
 */
export class StunServer {
  readonly port: number
  readonly #init: StunServerInit
  readonly #sockets: readonly Socket[]
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #all: TokenBucket
  /** Requests answered, and those that were not: too many, or not STUN. */
  readonly counts = { answered: 0, limited: 0, ignored: 0 }

  private constructor(init: StunServerInit, sockets: readonly Socket[], port: number) {
    this.#init = init
    this.#sockets = sockets
    this.port = port
    this.#all = new TokenBucket(OF_ALL, init.clock.monotonic())
    for (const socket of sockets) {
      socket.on('message', (request, from) => this.#answer(socket, request, from))
      // Such as an answer that could not be delivered.
      socket.on('error', error => init.logger('debug', 'STUN', { error: String(error) }))
    }
  }

  /** Throws what the platform throws for a port or address that cannot be had. */
  static async listen(init: StunServerInit): Promise<StunServer> {
    const sockets: Socket[] = []
    try {
      let { port } = init
      for (const host of init.hosts) {
        const socket = await bound(host, port)
        sockets.push(socket)
        port = socket.address().port
      }
      return new StunServer(init, sockets, port)
    } catch (error) {
      for (const socket of sockets) socket.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#sockets.map(socket => new Promise<void>(resolve => socket.close(() => resolve()))),
    )
  }

  #answer(socket: Socket, request: Uint8Array, { address, port }: RemoteInfo): void {
    if (!this.#mayAsk(address)) {
      this.counts.limited += 1
      return
    }
    // Nothing can be sent to port 0, which RFC 768 has for a sender that wants no answer: the platform throws.
    const isAnswerable = port !== 0 && request.length <= LARGEST_REQUEST_BYTES
    const answer = isAnswerable ? answerStun(request, { address, port }) : undefined
    if (answer === undefined) {
      this.counts.ignored += 1
      return
    }
    this.counts.answered += 1
    socket.send(answer, port, address, error => {
      if (error !== null) this.#init.logger('debug', 'STUN', { error: String(error) })
    })
  }

  #mayAsk(address: string): boolean {
    const now = this.#init.clock.monotonic()
    const key = isIPv6(address) ? networkOf(address) : address
    const bucket = this.#buckets.get(key) ?? new TokenBucket(OF_ONE, now)
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    for (const [oldest] of this.#buckets) {
      if (this.#buckets.size <= REMEMBERED) break
      this.#buckets.delete(oldest)
    }
    if (bucket.waitMs(now) > 0 || this.#all.waitMs(now) > 0) return false
    bucket.take(1, now)
    this.#all.take(1, now)
    return true
  }
}

async function bound(host: string, port: number): Promise<Socket> {
  const socket = createSocket(isIPv6(host) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('error', reject)
  socket.bind(port, host, resolve)
  try {
    await promise
  } catch (error) {
    socket.close()
    throw error
  }
  socket.removeListener('error', reject)
  socket.unref()
  return socket
}

/** The first 64 bits. */
function networkOf(address: string): string {
  const [before = '', after] = address.replace(/%.*$/, '').split('::')
  const first = before.split(':')
  const missing = after === undefined ? 0 : 8 - first.length - after.split(':').length
  return [...first, ...Array.from({ length: missing }, () => '0')].slice(0, 4).join(':')
}
