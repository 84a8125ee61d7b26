import type { Stream } from '@libp2p/interface'
import type { Clock } from '../../clock.ts'
import type { TokenBucket } from '../limits/token-bucket.ts'

/**
 * Bytes that may wait for their time on one stream; its sender would have to have more under way than a session's window
 * and its blobs.
 */
const WAITING_BYTES = 16 * 1024 * 1024

/** What is given on in its time and order: bytes, and that no more will come. */
const PACED: ReadonlySet<string> = new Set(['message', 'remoteCloseWrite'])

interface Waiting {
  event: Event
  bytes: number
}

/** A stream that is read as fast as the bucket fills; of what does not wait, all is as it was. */
export function paced(stream: Stream, bucket: TokenBucket, clock: Clock): Stream {
  const pace = new Pace(stream, bucket, clock)
  const methods: Record<PropertyKey, unknown> = {
    addEventListener: (type: string, listener: EventListener, options?: AddEventListenerOptions) => {
      if (PACED.has(type)) pace.add(type, listener)
      else stream.addEventListener(type as 'close', listener, options)
    },
    removeEventListener: (type: string, listener: EventListener) => {
      if (PACED.has(type)) pace.remove(type, listener)
      else stream.removeEventListener(type as 'close', listener)
    },
  }
  return new Proxy(stream, {
    get(target, key) {
      const own = methods[key]
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

class Pace {
  readonly #stream: Stream
  readonly #bucket: TokenBucket
  readonly #clock: Clock
  readonly #listeners = new Map<string, Set<EventListener>>()
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #planned = false

  constructor(stream: Stream, bucket: TokenBucket, clock: Clock) {
    this.#stream = stream
    this.#bucket = bucket
    this.#clock = clock
    stream.addEventListener('message', event => this.#take(event, event.data.byteLength))
    stream.addEventListener('remoteCloseWrite', event => this.#take(event, 0))
  }

  add(type: string, listener: EventListener): void {
    const known = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, known.add(listener))
  }

  remove(type: string, listener: EventListener): void {
    this.#listeners.get(type)?.delete(listener)
  }

  #take(event: Event, bytes: number): void {
    this.#waiting.push({ event, bytes })
    this.#waitingBytes += bytes
    if (this.#waitingBytes > WAITING_BYTES) {
      this.#stream.abort(new Error(`${this.#waitingBytes} bytes wait for a relay that has a limit of rate`))
      return
    }
    if (!this.#planned) this.#give()
  }

  #give(): void {
    this.#planned = false
    while (this.#waiting.length > 0) {
      const now = this.#clock.monotonic()
      const ms = this.#bucket.waitMs(now)
      if (ms > 0) {
        this.#planned = true
        this.#clock.after(ms, () => this.#give())
        return
      }
      const { event, bytes } = this.#waiting.shift() ?? { event: new Event('none'), bytes: 0 }
      this.#bucket.take(bytes, now)
      this.#waitingBytes -= bytes
      for (const listener of this.#listeners.get(event.type) ?? []) listener(event)
    }
  }
}
