import { z } from 'zod'
import { BadFrameError, BlobTransferError, FrameTooLargeError } from './errors.ts'
import { parseBody } from './frame.ts'
import { isRecord, type RpcMessage } from './rpc-message.ts'

/** Where a large value is to be fetched; it stands in place of `params` or `result`. */
export interface BlobRef {
  field: 'params' | 'result'
  cid: string
  size: number
}

const refSchema = z.strictObject({ $blob: z.string().min(1).max(128), size: z.int().positive() })

/** The reference in a message; undefined for a message that holds its value itself. */
export function blobRefOf(message: RpcMessage): BlobRef | undefined {
  const field = message.method === undefined ? 'result' : 'params'
  const value = message[field]
  if (value === undefined || !('$blob' in value)) return undefined
  const ref = refSchema.safeParse(value)
  return ref.success ? { field, cid: ref.data.$blob, size: ref.data.size } : undefined
}

/** Fetches and verifies one blob; see blob-stream.ts. */
export type FetchBlob = (cid: string, size: number, signal: AbortSignal) => Promise<Uint8Array>

export interface BlobFetchLimits {
  /** Largest blob that is fetched now, bytes. */
  blob: () => number
  /** All that are being fetched at once, bytes. */
  blobsFetched: number
}

/** The large values of one session that are being fetched, bounded in bytes, first come first served. */
export class BlobFetches {
  readonly #fetch: FetchBlob
  readonly #limits: BlobFetchLimits
  readonly #running = new Map<string, AbortController>()
  readonly #waiting: (() => void)[] = []
  #bytes = 0
  #ended = false

  constructor(fetch: FetchBlob, limits: BlobFetchLimits) {
    this.#fetch = fetch
    this.#limits = limits
  }

  /** Fetches the value of a reference; `key` names it for `cancel`. */
  async value(ref: BlobRef, key: string): Promise<Record<string, unknown>> {
    const most = this.#limits.blob()
    if (ref.size > most) throw new FrameTooLargeError('blob', ref.size, most)
    const control = new AbortController()
    this.#running.set(key, control)
    try {
      await this.#admit(ref.size, control.signal)
      try {
        const value = parseBody(await this.#fetch(ref.cid, ref.size, control.signal))
        if (!isRecord(value)) throw new BadFrameError(`a blob that is no ${ref.field}`)
        return value
      } finally {
        this.#bytes -= ref.size
        this.#wake()
      }
    } finally {
      this.#running.delete(key)
    }
  }

  /** Aborts a fetch; false when there is none of that key. */
  cancel(key: string): boolean {
    const control = this.#running.get(key)
    control?.abort(new BlobTransferError('the message was cancelled'))
    this.#wake()
    return control !== undefined
  }

  end(): void {
    this.#ended = true
    for (const control of this.#running.values())
      control.abort(new BlobTransferError('the session has ended'))
    this.#wake()
  }

  async #admit(size: number, signal: AbortSignal): Promise<void> {
    while (this.#bytes > 0 && this.#bytes + size > this.#limits.blobsFetched && !this.#ended) {
      signal.throwIfAborted()
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
    signal.throwIfAborted()
    this.#bytes += size
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
