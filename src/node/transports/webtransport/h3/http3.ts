import { QuicConnectionError } from '../errors.ts'
import type { QuicConnection, QuicStream } from '../quic.ts'
import { ByteReader, joined } from './byte-reader.ts'
import { FRAME, frame, frameHeader, RESERVED_FRAMES, STREAM } from './frame.ts'
import { H3, H3Error } from './h3-error.ts'
import { MAX_SETTINGS_BYTES, ownSettings, parseSettings } from './settings.ts'
import { encodeVarint } from './varint.ts'

/** Sets the capacity of the dynamic table to 0 (RFC 9204, 4.3.1): all that our settings leave for an encoder to say. */
const NO_DYNAMIC_TABLE = 0x20

/** Streams of which a peer has one each, for as long as the connection lives (RFC 9114, 6.2.1; RFC 9204, 4.2). */
const CRITICAL: readonly number[] = [STREAM.CONTROL, STREAM.QPACK_ENCODER, STREAM.QPACK_DECODER]

/** Frames that have no place on a control stream (RFC 9114, 7.2). */
const NOT_ON_CONTROL: readonly number[] = [
  FRAME.DATA,
  FRAME.HEADERS,
  FRAME.PUSH_PROMISE,
  FRAME.SETTINGS,
  ...RESERVED_FRAMES,
]

/** What both sides of an HTTP/3 connection keep up beside its requests: settings and control streams. */
export class Http3 {
  /** The peer's. Rejects when the connection ends before they came. */
  readonly settings: Promise<ReadonlyMap<number, number>>
  readonly #onSettings: (settings: ReadonlyMap<number, number>) => void
  readonly #quic: QuicConnection
  readonly #seen = new Set<number>()

  constructor(quic: QuicConnection) {
    this.#quic = quic
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<number, number>>()
    this.settings = promise
    this.settings.catch(() => {})
    this.#onSettings = resolve
    void quic.closed.then(({ reason }) =>
      reject(new QuicConnectionError(`no HTTP/3 settings came (${reason})`)),
    )
    void this.#acceptAll()
  }

  /** Sends our settings, on a stream that stays open. */
  async start(signal: AbortSignal): Promise<void> {
    const control = await this.#quic.openUnidirectional(signal)
    control.write(joined([encodeVarint(STREAM.CONTROL), frame(FRAME.SETTINGS, ownSettings())]))
  }

  /** Runs what reads from the peer; an H3Error of it ends the connection, a stream that was given up does not. */
  async guard(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (error instanceof H3Error) this.#quic.close(error.h3Code, error.message)
    }
  }

  async #acceptAll(): Promise<void> {
    for (;;) {
      const stream = await this.#quic.acceptUnidirectional()
      if (stream === undefined) return
      void this.guard(() => this.#serve(stream))
    }
  }

  async #serve(stream: QuicStream): Promise<void> {
    const reader = new ByteReader(stream)
    const type = await reader.varint()
    if (type === STREAM.PUSH) throw new H3Error(H3.STREAM_CREATION_ERROR, 'nothing is to be pushed')
    if (type === undefined || !CRITICAL.includes(type)) return stream.stop(H3.STREAM_CREATION_ERROR)
    if (this.#seen.has(type)) throw new H3Error(H3.STREAM_CREATION_ERROR, `a second stream of type ${type}`)
    this.#seen.add(type)
    try {
      if (type === STREAM.CONTROL) await this.#readControl(reader)
      else await readQpack(reader, type)
    } catch (error) {
      if (error instanceof H3Error) throw error
    }
    throw new H3Error(H3.CLOSED_CRITICAL_STREAM, `the stream of type ${type} was ended`)
  }

  async #readControl(reader: ByteReader): Promise<void> {
    const first = await frameHeader(reader)
    if (first?.type !== FRAME.SETTINGS) throw new H3Error(H3.MISSING_SETTINGS, 'SETTINGS must come first')
    if (first.length > MAX_SETTINGS_BYTES)
      throw new H3Error(H3.EXCESSIVE_LOAD, `SETTINGS of ${first.length} bytes`)
    this.#onSettings(parseSettings(await reader.bytes(first.length)))
    for (;;) {
      const next = await frameHeader(reader)
      if (next === undefined) return
      if (NOT_ON_CONTROL.includes(next.type))
        throw new H3Error(H3.FRAME_UNEXPECTED, `frame ${next.type} on the control stream`)
      await reader.skip(next.length)
    }
  }
}

async function readQpack(reader: ByteReader, type: number): Promise<void> {
  for (;;) {
    const bytes = reader.rest()
    if (type === STREAM.QPACK_ENCODER && bytes.some(byte => byte !== NO_DYNAMIC_TABLE))
      throw new H3Error(H3.QPACK_ENCODER_STREAM_ERROR, 'there is no dynamic table to fill')
    if (!(await reader.wait())) return
  }
}
