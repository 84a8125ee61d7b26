import { InvalidInputError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import { utf8Length } from '../dispatch/reported-outcome.ts'
import type { BlobRef, Body, JsonText } from '../states/commands.ts'
import type { BlobStore } from './blob-store.ts'

/** Bytes of a body that stays in the task store itself: where a row beside its file no longer pays. */
const INLINE_BYTES = 1024 * 1024
/** Bytes of the largest body: what a session between peers carries as one blob. */
const BODY_BYTES = 64 * 1024 * 1024
/** UTF-8 bytes of one UTF-16 unit, at most. */
const MAX_BYTES_PER_UNIT = 3

export interface BodiesInit {
  store: BlobStore
  logger: Logger
  /** Default 1 MiB. */
  inlineBytes?: number
  /** Default 64 MiB. */
  bodyBytes?: number
}

/** Params or a result that nothing here can keep. */
export class BodyTooLargeError extends InvalidInputError {
  readonly bytes: number
  readonly limit: number

  constructor(field: string, bytes: number, limit: number) {
    super(field, `${bytes} bytes of JSON`, `at most ${limit} bytes of JSON`)
    this.bytes = bytes
    this.limit = limit
  }
}

/** A blob that a commit under way may come to refer to. */
interface Pinned {
  pins: number
  put: Promise<boolean>
  /** As far as is known here, no task refers to it. */
  unreferred: boolean
}

interface Release {
  cid: string
  referred: boolean
}

/**
 * Params and results on their way into the task store and out of it: small ones as they are, large ones as a
 * reference to a blob, which is durable before anything refers to it and goes when nothing does any more.
 *
 * The order that keeps this true: a blob is pinned from before it is put until the commit that names it is over; what
 * is pinned is not deleted; a deletion under way is waited for before the same text is put again; and a pin that is
 * released while a prune or a sweep looks at who refers to what holds until that is done.
 */
export class Bodies {
  readonly #store: BlobStore
  readonly #logger: Logger
  readonly #inlineBytes: number
  readonly #bodyBytes: number
  readonly #pinned = new Map<string, Pinned>()
  readonly #deleting = new Map<string, Promise<void>>()
  /** What was released since the prune or sweep under way began. */
  #released: Release[] | undefined
  #lastLook: Promise<void> = Promise.resolve()
  #closed = false

  constructor({ store, logger, inlineBytes = INLINE_BYTES, bodyBytes = BODY_BYTES }: BodiesInit) {
    this.#store = store
    this.#logger = logger
    this.#inlineBytes = inlineBytes
    this.#bodyBytes = bodyBytes
  }

  /**
   * A text as a commit may name it; one that is a blob stays until `release`, to be called once for each `keep` that
   * resolved. `field` is named when it is too large (BodyTooLargeError). Rejects with `unavailable` when it cannot
   * be written.
   */
  keep(text: JsonText, field: string): Body | Promise<Body> {
    if (text.length * MAX_BYTES_PER_UNIT <= this.#inlineBytes) return text
    if (text.length <= this.#inlineBytes && utf8Length(text) <= this.#inlineBytes) return text
    return this.#keepLarge(text, field)
  }

  /**
   * The commit of a body that `keep` gave is over. `referred`: a task refers to it now, or it is not known whether one
   * does; if none does, the blob goes at once, so that what is refused cannot fill the disk.
   */
  release(body: Body, referred: boolean): void {
    if (typeof body === 'string') return
    if (this.#released === undefined) this.#unpin(body.blob, referred)
    else this.#released.push({ cid: body.blob, referred })
  }

  /** Rejects with `not_found` or `unavailable` when its blob is gone, damaged or cannot be read. */
  async read(body: Body): Promise<JsonText> {
    return typeof body === 'string' ? body : this.#store.get(body.blob)
  }

  /** Runs a prune of a store, deletes the blobs that nothing refers to after it, and gives its answer. */
  prune<T extends { blobs: string[] }>(run: () => Promise<T>): Promise<T> {
    return this.#whileLooking(async () => {
      const pruned = await run()
      await this.#discard(pruned.blobs)
      return pruned
    })
  }

  /**
   * Deletes what a crash left behind: blobs that are not among those referred to. Once after start, beside all else.
   * Holds one number for each blob that is referred to (about 20 bytes, and each such blob is above `inlineBytes` on
   * disk). Gives how many it deleted.
   */
  sweep(referred: AsyncIterable<string[]>): Promise<number> {
    return this.#whileLooking(async () => {
      const known = new Set<number>()
      for await (const page of referred) {
        for (const cid of page) known.add(fingerprint(cid))
        if (this.#closed) return 0
      }
      let deleted = 0
      for await (const page of this.#store.list()) {
        if (this.#closed) break
        deleted += await this.#discard(page.filter(cid => !known.has(fingerprint(cid))))
      }
      return deleted
    })
  }

  /** Ends a sweep under way; nothing is deleted afterwards, as the blobs may be another's then. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#lastLook
    await Promise.all(this.#deleting.values())
  }

  async #keepLarge(text: JsonText, field: string): Promise<Body> {
    if (text.length > this.#bodyBytes) throw new BodyTooLargeError(field, text.length, this.#bodyBytes)
    const ref = await this.#store.refOf(text)
    if (ref.size > this.#bodyBytes) throw new BodyTooLargeError(field, ref.size, this.#bodyBytes)
    await this.#pin(ref, text)
    return ref
  }

  async #pin(ref: BlobRef, text: JsonText): Promise<void> {
    const before = this.#pinned.get(ref.blob)
    const pinned = before ?? { pins: 0, unreferred: false, put: this.#put(ref, text) }
    pinned.pins += 1
    this.#pinned.set(ref.blob, pinned)
    try {
      // A blob that was there before is known to nobody here: it may be referred to.
      if ((await pinned.put) && before === undefined) pinned.unreferred = true
    } catch (error) {
      pinned.pins -= 1
      if (this.#pinned.get(ref.blob) === pinned) this.#pinned.delete(ref.blob)
      throw error
    }
  }

  async #put(ref: BlobRef, text: JsonText): Promise<boolean> {
    await this.#deleting.get(ref.blob)
    return this.#store.put(ref, text)
  }

  #unpin(cid: string, referred: boolean): void {
    const pinned = this.#pinned.get(cid)
    if (pinned === undefined) return
    pinned.pins -= 1
    if (referred) pinned.unreferred = false
    if (pinned.pins > 0) return
    this.#pinned.delete(cid)
    if (pinned.unreferred) void this.#discard([cid])
  }

  /** Deletes those that are not pinned; the others when they are released and still nobody refers to them. */
  async #discard(cids: readonly string[]): Promise<number> {
    if (this.#closed) return 0
    const free = cids.filter(cid => {
      const pinned = this.#pinned.get(cid)
      if (pinned !== undefined) pinned.unreferred = true
      return pinned === undefined && !this.#deleting.has(cid)
    })
    if (free.length === 0) return 0
    const deletion = this.#delete(free)
    for (const cid of free) this.#deleting.set(cid, deletion)
    await deletion
    return free.length
  }

  async #delete(cids: string[]): Promise<void> {
    try {
      await this.#store.delete(cids)
    } catch (error) {
      // They stay until the next start sweeps them; what led here has succeeded all the same.
      this.#logger('warning', 'blobs could not be deleted', { blobs: cids.length, error: String(error) })
    } finally {
      for (const cid of cids) this.#deleting.delete(cid)
    }
  }

  /** One at a time, so that what is released during one is known before the next looks. */
  #whileLooking<T>(look: () => Promise<T>): Promise<T> {
    const result = this.#lastLook.then(async () => {
      const released: Release[] = []
      this.#released = released
      try {
        return await look()
      } finally {
        this.#released = undefined
        for (const { cid, referred } of released) this.#unpin(cid, referred)
      }
    })
    this.#lastLook = result.then(
      () => {},
      () => {},
    )
    return result
  }
}

/** The last 50 bits of a CID as a number. Two that are equal by chance only spare a blob that nobody needs. */
function fingerprint(cid: string): number {
  return Number.parseInt(cid.slice(-10), 36)
}
