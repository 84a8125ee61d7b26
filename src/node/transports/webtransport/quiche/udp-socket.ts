import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { AddressUnavailableError } from '../errors.ts'
import type { QuicAddress } from '../quic.ts'

/** Largest UDP payload that is sent: what every path on the internet carries (as quiche and Chromium have it). */
export const PACKET_BYTES = 1350

/** Asked of the system, which may give less: at 200 MB/s a default of 208 KiB is full after a millisecond of work. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024

/** Packets handed to the system and not yet taken by it. */
const MAX_UNSENT = 512

/** Names are resolved before; so a packet goes out in the same turn. */
const ALREADY_RESOLVED = (
  address: string,
  _: unknown,
  callback: (error: null, address: string, family: number) => void,
) => callback(null, address, isIPv6(address) ? 6 : 4)

/** A UDP socket with a pool of packets to send, and back-pressure. */
export class UdpSocket {
  readonly address: QuicAddress
  readonly #socket: Socket
  readonly #free: Buffer[] = []
  readonly #onRoom: () => void
  #unsent = 0
  #wasFull = false
  #idle: (() => void) | undefined

  private constructor(socket: Socket, onRoom: () => void) {
    this.#socket = socket
    this.#onRoom = onRoom
    const { address, port } = socket.address()
    this.address = { host: address, port }
  }

  /** Throws AddressUnavailableError. `onRoom` is called when a socket that was full takes packets again. */
  static async bind(
    { host, port }: QuicAddress,
    handlers: { onPacket: (bytes: Buffer, from: RemoteInfo) => void; onRoom: () => void },
  ): Promise<UdpSocket> {
    const type = isIPv6(host) ? 'udp6' : 'udp4'
    const socket = createSocket({ type, ipv6Only: type === 'udp6', lookup: ALREADY_RESOLVED })
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.bind({ address: host, port, exclusive: true }, resolve)
      })
    } catch (cause) {
      socket.close()
      throw new AddressUnavailableError({ host, port }, cause)
    }
    // A single packet that cannot be sent or read is lost, as packets may be.
    socket.removeAllListeners('error').on('error', () => {})
    growBuffers(socket)
    socket.on('message', (bytes, from) => {
      // Nothing can be sent to port 0, which RFC 768 has for a sender that wants no answer: the platform throws.
      if (from.port !== 0) handlers.onPacket(bytes, from)
    })
    return new UdpSocket(socket, handlers.onRoom)
  }

  get isFull(): boolean {
    return this.#unsent >= MAX_UNSENT
  }

  /** A buffer for one packet, to be given to `send` or `release`. */
  packet(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(PACKET_BYTES)
  }

  release(packet: Buffer): void {
    this.#free.push(packet)
  }

  /** Sends the first `length` bytes of the packet. */
  send(packet: Buffer, length: number, { host, port }: QuicAddress): void {
    this.#unsent += 1
    this.#wasFull ||= this.isFull
    this.#socket.send(packet, 0, length, port, host, () => this.#sent(packet))
  }

  /** Gives back the port when what was handed over has gone out. */
  async close(): Promise<void> {
    if (this.#unsent > 0) {
      await new Promise<void>(resolve => {
        this.#idle = resolve
      })
    }
    await new Promise<void>(resolve => this.#socket.close(() => resolve()))
  }

  #sent(packet: Buffer): void {
    this.#unsent -= 1
    this.#free.push(packet)
    if (this.#unsent === 0) this.#idle?.()
    if (!this.#wasFull || this.#unsent > MAX_UNSENT / 2) return
    this.#wasFull = false
    this.#onRoom()
  }
}

function growBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER_BYTES)
    socket.setSendBufferSize(SOCKET_BUFFER_BYTES)
  } catch {
    // What the system has by default works too.
  }
}
