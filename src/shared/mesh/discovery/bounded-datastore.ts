import { MemoryDatastore } from 'datastore-core'

type Key = Parameters<MemoryDatastore['put']>[0]

export interface BoundedDatastoreLimits {
  entries: number
  /** Bytes of all values and keys together. */
  bytes: number
}

/**
 * A libp2p datastore in memory that holds no more than it may: what was written longest ago goes first. For what strangers
 * can make us keep, and who wants it kept says again.
 */
export class BoundedDatastore extends MemoryDatastore {
  readonly #limits: BoundedDatastoreLimits
  readonly #sizes = new Map<string, { key: Key; bytes: number }>()
  #bytes = 0

  constructor(limits: BoundedDatastoreLimits) {
    super()
    this.#limits = limits
  }

  override put(key: Key, value: Uint8Array): Key {
    const name = key.toString()
    const bytes = name.length + value.byteLength
    this.delete(key)
    super.put(key, value)
    this.#sizes.set(name, { key, bytes })
    this.#bytes += bytes
    for (const [, oldest] of this.#sizes) {
      if (this.#sizes.size <= this.#limits.entries && this.#bytes <= this.#limits.bytes) break
      this.delete(oldest.key)
    }
    return key
  }

  override delete(key: Key): void {
    const name = key.toString()
    this.#bytes -= this.#sizes.get(name)?.bytes ?? 0
    this.#sizes.delete(name)
    super.delete(key)
  }
}
