/**
 * A UDP port with connections of quiche on it. Packets are taken in bursts: all that came in one turn of the event loop is given
 * to the library, then what it holds is delivered, then what is to be sent goes out, so that one acknowledgement
 * answers a burst.
 *
 * A connection has one path, the address it came from. quiche before 0.24.5 can be brought into an endless loop by a
 * peer that retires connection ids over several (CVE-2025-7054); what comes from elsewhere is dropped, and a peer
 * whose address changes connects anew.
 */
import type { RemoteInfo } from 'node:dgram'
import type { Config } from '@matrixai/quic/native/types.js'
import type { Clock } from '../../../../shared/clock.ts'
import { PENDING_OF_RANGE, PendingByRange } from '../../../../shared/mesh/limits/pending-by-range.ts'
import type { QuicAddress, QuicConnection, QuicEnd, QuicLimits } from '../quic.ts'
import type { NativeConnection, Quiche } from './binding.ts'
import { QuicheConnection } from './quiche-connection.ts'
import { RetryTokens } from './retry-token.ts'
import { UdpSocket } from './udp-socket.ts'

/** Length of the connection ids that we choose; the library's largest. */
const ID_BYTES = 20
/** A client's own first destination id has at least so many (RFC 9000, 7.2). */
const MIN_FIRST_ID_BYTES = 8
/** With so many handshakes under way a newcomer must show that it receives at its address first, for one round trip more. */
const RETRY_FROM_HANDSHAKES = 32
/** First bit of a packet: its header is a long one, as until the end of the handshake. */
const LONG_HEADER = 0x80

export interface QuicheEndpointParts {
  quiche: Quiche
  limits: QuicLimits
  clock: Clock
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array
}

export class QuicheEndpoint {
  readonly #parts: QuicheEndpointParts
  readonly #tokens: RetryTokens
  #socket: UdpSocket | undefined
  /** By each id that packets may name: the one that we chose, and until a client knows it, the one that it chose. */
  readonly #byId = new Map<string, QuicheConnection>()
  readonly #connections = new Map<QuicheConnection, string[]>()
  readonly #touched = new Set<QuicheConnection>()
  readonly #unsent = new Set<QuicheConnection>()
  #isTurnDue = false
  #isSendDue = false
  #isClosed = false
  #handshakes = 0
  /** Of these, whose address was shown: another one may be forged, and must not count for who has it. */
  readonly #shown: PendingByRange
  /** Undefined: takes no connections. */
  #server: { config: Config; onConnection: (connection: QuicConnection) => void } | undefined

  private constructor(parts: QuicheEndpointParts) {
    this.#parts = parts
    this.#shown = new PendingByRange(parts.limits.handshakes, PENDING_OF_RANGE)
    this.#tokens = new RetryTokens(parts.random(new Uint8Array(32)))
  }

  /** Throws AddressUnavailableError. */
  static async bind(address: QuicAddress, parts: QuicheEndpointParts): Promise<QuicheEndpoint> {
    const endpoint = new QuicheEndpoint(parts)
    endpoint.#socket = await UdpSocket.bind(address, {
      onPacket: (bytes, from) => endpoint.#receive(bytes, from),
      onRoom: () => endpoint.#send(),
    })
    return endpoint
  }

  get address(): QuicAddress {
    return this.#bound.address
  }

  /** Takes connections by this configuration from now on; those that are there keep theirs. */
  serve(config: Config, onConnection: (connection: QuicConnection) => void): void {
    this.#server = { config, onConnection }
  }

  /** Begins a connection; `onEstablished` is called when its handshake is done. */
  connect(
    {
      config,
      serverName,
      remoteAddress,
    }: { config: Config; serverName: string | null; remoteAddress: QuicAddress },
    onEstablished: (connection: QuicheConnection) => void,
  ): QuicheConnection {
    const { quiche, random } = this.#parts
    const id = random(new Uint8Array(ID_BYTES))
    const native = quiche.Connection.connect(serverName, id, this.address, remoteAddress, config)
    return this.#add(native, {
      isServer: false,
      remoteAddress,
      ids: [keyOf(id)],
      onEstablished,
      onHandshakeOver: () => {},
    })
  }

  /** Tells every peer, waits until that has gone out, and gives back the port. */
  async close(end: QuicEnd): Promise<void> {
    if (this.#isClosed) return
    this.#server = undefined
    for (const connection of this.#connections.keys()) connection.close(end.code, end.reason)
    this.#isClosed = true
    for (const connection of [...this.#connections.keys()]) connection.abandon()
    await this.#bound.close()
  }

  get #bound(): UdpSocket {
    if (this.#socket === undefined) throw new Error('not bound')
    return this.#socket
  }

  #receive(bytes: Buffer, { address, port }: RemoteInfo): void {
    if (this.#isClosed || bytes.byteLength <= ID_BYTES) return
    const first = bytes[0] ?? 0
    const known =
      (first & LONG_HEADER) === 0
        ? this.#byId.get(bytes.toString('latin1', 1, 1 + ID_BYTES))
        : this.#byId.get(longHeaderId(bytes))
    if (known === undefined) {
      try {
        if ((first & LONG_HEADER) !== 0) this.#newcomer(bytes, { host: address, port })
      } catch {
        // What the library cannot make sense of is no packet: it is lost, as packets may be.
      }
      return
    }
    const { remoteAddress } = known
    if (remoteAddress.port === port && remoteAddress.host === address) known.receive(bytes)
  }

  /** The first packet of a connection, or of none. Answers at most as much as came, and keeps nothing before `accept`. */
  #newcomer(bytes: Buffer, from: QuicAddress): void {
    const { quiche, limits, clock, random } = this.#parts
    if (this.#server === undefined || bytes.byteLength < quiche.MIN_CLIENT_INITIAL_LEN) return
    const header = headerOf(quiche, bytes)
    if (header === undefined) return
    if (!quiche.versionIsSupported(header.version)) {
      this.#answer(from, out => quiche.negotiateVersion(header.scid, header.dcid, out))
      return
    }
    if (header.ty !== quiche.Type.Initial || header.dcid.byteLength < MIN_FIRST_ID_BYTES) return
    if (this.#connections.size >= limits.connections || this.#handshakes >= limits.handshakes) return
    const token = header.token ?? new Uint8Array()
    const odcid = this.#tokens.redeem(token, from, clock.now())
    if (odcid === undefined && this.#handshakes >= RETRY_FROM_HANDSHAKES) {
      const id = random(new Uint8Array(ID_BYTES))
      const minted = this.#tokens.mint(from, header.dcid, clock.now())
      this.#answer(from, out => quiche.retry(header.scid, header.dcid, id, minted, header.version, out))
      return
    }
    // After a Retry the client uses the id that we gave it there.
    if (odcid !== undefined && header.dcid.byteLength !== ID_BYTES) return
    const leave = odcid === undefined ? () => {} : this.#shown.enter(from.host)
    if (leave === undefined) return
    const id = odcid === undefined ? random(new Uint8Array(ID_BYTES)) : Uint8Array.from(header.dcid)
    const { config, onConnection } = this.#server
    const native = quiche.Connection.accept(id, odcid ?? null, this.address, from, config)
    const connection = this.#add(native, {
      isServer: true,
      remoteAddress: from,
      ids: [keyOf(id), keyOf(header.dcid)],
      onEstablished: onConnection,
      onHandshakeOver: leave,
    })
    connection.receive(bytes)
  }

  #answer(to: QuicAddress, make: (out: Buffer) => number): void {
    const socket = this.#bound
    if (socket.isFull) return
    const packet = socket.packet()
    let length = 0
    try {
      length = make(packet)
    } finally {
      if (length === 0) socket.release(packet)
    }
    if (length > 0) socket.send(packet, length, to)
  }

  #add(
    native: NativeConnection,
    {
      isServer,
      remoteAddress,
      ids,
      onEstablished,
      onHandshakeOver,
    }: {
      isServer: boolean
      remoteAddress: QuicAddress
      ids: string[]
      onEstablished: (connection: QuicheConnection) => void
      onHandshakeOver: () => void
    },
  ): QuicheConnection {
    const { quiche, limits, clock } = this.#parts
    this.#handshakes += 1
    let isPending = true
    const handshakeOver = () => {
      if (!isPending) return
      isPending = false
      this.#handshakes -= 1
      onHandshakeOver()
      stopAlarm()
    }
    const connection = new QuicheConnection({
      quiche,
      native,
      socket: this.#bound,
      isServer,
      remoteAddress,
      limits,
      clock,
      onTouched: each => this.#touch(each),
      onEstablished: each => {
        handshakeOver()
        onEstablished(each)
      },
      onGone: each => this.#remove(each),
    })
    void connection.closed.then(handshakeOver)
    const stopAlarm = clock.after(limits.handshakeMs, () =>
      connection.close(0, 'the handshake took too long'),
    )
    this.#connections.set(connection, ids)
    for (const id of ids) this.#byId.set(id, connection)
    this.#touch(connection)
    return connection
  }

  #remove(connection: QuicheConnection): void {
    for (const id of this.#connections.get(connection) ?? []) this.#byId.delete(id)
    this.#connections.delete(connection)
    this.#touched.delete(connection)
    this.#unsent.delete(connection)
  }

  #touch(connection: QuicheConnection): void {
    if (this.#isClosed) return
    this.#touched.add(connection)
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    setImmediate(() => this.#takeTurn())
  }

  #takeTurn(): void {
    this.#isTurnDue = false
    const touched = [...this.#touched]
    this.#touched.clear()
    for (const connection of touched) {
      connection.deliver()
      this.#unsent.add(connection)
    }
    if (this.#isSendDue) return
    this.#isSendDue = true
    // What is written in answer to what was delivered goes out with the acknowledgement.
    setImmediate(() => this.#send())
  }

  #send(): void {
    this.#isSendDue = false
    if (this.#isClosed) return
    for (const connection of this.#unsent) {
      if (!connection.send()) return
      this.#unsent.delete(connection)
    }
  }
}

function keyOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1')
}

/** The destination id of a long header (RFC 9000, 17.2): after the first byte and four of the version, its length first. */
function longHeaderId(bytes: Buffer): string {
  const length = bytes[5] ?? 0
  return bytes.toString('latin1', 6, 6 + length)
}

function headerOf(quiche: Quiche, bytes: Buffer) {
  try {
    return quiche.Header.fromSlice(bytes, ID_BYTES)
  } catch {
    return undefined
  }
}
