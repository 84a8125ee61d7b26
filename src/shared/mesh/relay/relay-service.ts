/**
 * Circuit relay v2 (libp2p specs, relay/circuit-v2) for peers that hold a grant. What its library was made for is to
 * introduce two peers; here a relayed connection may have to carry all their work, so the limits are the settings', the ends
 * are told what they are, and a rate can be set.
 */
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../../clock.ts'
import { TokenBucket } from '../limits/token-bucket.ts'
import { paced } from './paced-stream.ts'

export interface RelayLimits {
  /** Reservations at once. */
  relayReservations: number
  /** Milliseconds that one relayed connection may last. */
  relayedMs: number
  /** Bytes of one relayed connection, both directions together. */
  relayedBytes: number
  /** Bytes a second of one relayed connection, both directions together; 0 sets no rate. */
  relayedBytesPerSecond: number
  /** Relayed connections of one connection at once. */
  relayStreams: number
}

/** A message of the protocol that tells an end its limits. */
interface Limited {
  limit?: { duration?: number; data?: bigint }
}

interface MessageWriter {
  write(message: Limited, options?: object): Promise<void>
}

interface HopStream {
  pb(codec: unknown): MessageWriter
  unwrap(): Stream
}

/** What the server of @libp2p/circuit-relay-v2 (4.2) has beside its contract. */
interface RelayServer {
  handleHopProtocol(hop: { stream: HopStream; connection: Connection }, options: object): Promise<void>
  stopHop(stop: { connection: Connection; request: Limited }, options: object): Promise<Stream | undefined>
}

type RelayServiceFactory = ReturnType<typeof circuitRelayServer>

export function relayService(limits: RelayLimits, clock: Clock): RelayServiceFactory {
  const make = circuitRelayServer({
    maxInboundHopStreams: limits.relayStreams,
    maxOutboundHopStreams: limits.relayStreams,
    maxOutboundStopStreams: limits.relayStreams,
    reservations: {
      maxReservations: limits.relayReservations,
      defaultDurationLimit: limits.relayedMs,
      defaultDataLimit: BigInt(limits.relayedBytes),
    },
  })
  return components => {
    const server = make(components)
    if (!isRelayServer(server))
      throw new TypeError('the relay server of libp2p is not the one that this was made for')
    carryWork(server, limits.relayedBytesPerSecond, clock)
    return server
  }
}

/**
 * The server keeps its limit of time in milliseconds and sends that number where the protocol has seconds, so that the
 * ends would believe in a thousand times of what they have; relay-service.test.ts says when it no longer does.
 */
function carryWork(server: RelayServer, bytesPerSecond: number, clock: Clock): void {
  const handleHop = server.handleHopProtocol.bind(server)
  const stopHop = server.stopHop.bind(server)
  const buckets = new WeakMap<object, TokenBucket>()
  const withRate = (stream: Stream, options: object): Stream => {
    if (bytesPerSecond === 0) return stream
    const bucket =
      buckets.get(options) ??
      new TokenBucket({ perSecond: bytesPerSecond, burst: bytesPerSecond }, clock.monotonic())
    buckets.set(options, bucket)
    return paced(stream, bucket, clock)
  }
  // Both streams of a relayed connection come with the same options.
  server.handleHopProtocol = (hop, options) => {
    const { stream } = hop
    const told: HopStream = Object.assign(Object.create(stream), {
      pb: (codec: unknown) => {
        const writer = stream.pb(codec)
        return Object.assign(Object.create(writer), {
          write: (message: Limited, more?: object) => writer.write(inSeconds(message), more),
        })
      },
      unwrap: () => withRate(stream.unwrap(), options),
    })
    return handleHop({ ...hop, stream: told }, options)
  }
  server.stopHop = async ({ connection, request }, options) => {
    const stream = await stopHop({ connection, request: inSeconds(request) }, options)
    return stream && withRate(stream, options)
  }
}

function inSeconds<T extends Limited>(message: T): T {
  if (message.limit?.duration === undefined) return message
  return { ...message, limit: { ...message.limit, duration: Math.round(message.limit.duration / 1000) } }
}

function isRelayServer<T extends object>(server: T): server is T & RelayServer {
  return 'handleHopProtocol' in server && 'stopHop' in server
}
