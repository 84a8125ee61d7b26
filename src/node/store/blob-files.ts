import { createHash } from 'node:crypto'
import { chmod, type FileHandle, mkdir, open, opendir, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { cidOfDigest } from '../../shared/artifacts/cid.ts'
import type { BlobStore } from '../../shared/queue/bodies/blob-store.ts'
import { BlobNotFoundError, BlobUnavailableError } from '../../shared/queue/errors.ts'
import type { BlobRef, JsonText } from '../../shared/queue/states/commands.ts'
import { syncFolder } from './replace-file.ts'

/** UTF-16 units, bytes handled in one go: some milliseconds of the event loop at most. */
const PIECE = 1024 * 1024
/** CIDs in one page of the list. */
const PAGE = 1_000
const CID = /^b[a-z2-7]{58}$/
/** Beside the folders of two characters. */
const DRAFTS = 'drafts'

/**
 * Blobs as files, `<folder>/<two characters>/<cid>`, for one process. A file is written under a draft's name, made
 * durable, and only then gets its own, so that it is whole or not there; drafts that a crash left are removed by
 * `open`. The two characters are the last but one and two of the CID, as in go-ds-flatfs (`next-to-last/2`): the
 * first ones are the same in every CID.
 */
export class BlobFiles implements BlobStore {
  readonly #folder: string
  /** Folders whose own entry is known to be durable. */
  readonly #durable = new Set<string>()
  #drafts = 0

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Makes the folder if need be; it is its user's alone. Rejects with `unavailable`. */
  static async open(folder: string): Promise<BlobFiles> {
    const drafts = join(folder, DRAFTS)
    return because(`${folder} cannot be used`, async () => {
      await rm(drafts, { recursive: true, force: true })
      await mkdir(drafts, { recursive: true, mode: 0o700 })
      await chmod(folder, 0o700)
      await syncFolder(join(folder, '..'))
      return new BlobFiles(folder)
    })
  }

  async refOf(text: JsonText): Promise<BlobRef> {
    const hash = createHash('sha256')
    let size = 0
    for (const bytes of pieces(text)) {
      hash.update(bytes)
      size += bytes.length
      await setImmediate()
    }
    return { blob: cidOfDigest(hash.digest()), size }
  }

  async put(ref: BlobRef, text: JsonText): Promise<boolean> {
    const path = this.#pathOf(ref.blob)
    if (path === undefined) throw new BlobUnavailableError(`${ref.blob} is no CID of a blob`)
    this.#drafts += 1
    const draft = join(this.#folder, DRAFTS, String(this.#drafts))
    return because(`${ref.size} bytes cannot be written`, async () => {
      try {
        await writeDurably(draft, text)
        await this.#makeFolder(join(path, '..'))
        const fresh = !(await exists(path))
        await rename(draft, path)
        await syncFolder(join(path, '..'))
        return fresh
      } catch (error) {
        // What is left of it takes room that may be what is missing; the error itself is told.
        await unlink(draft).catch(() => {})
        throw error
      }
    })
  }

  async get(cid: string): Promise<JsonText> {
    const path = this.#pathOf(cid)
    if (path === undefined) throw new BlobNotFoundError(cid)
    return because(`${cid} cannot be read`, async () => {
      const file = await open(path, 'r').catch((error: unknown) => {
        throw isCode(error, 'ENOENT') ? new BlobNotFoundError(cid) : error
      })
      try {
        return await readChecked(file, cid)
      } finally {
        await file.close()
      }
    })
  }

  async delete(cids: readonly string[]): Promise<void> {
    await because(`${cids.length} blobs cannot be deleted`, async () => {
      for (const cid of cids) {
        const path = this.#pathOf(cid)
        if (path !== undefined) await rm(path, { force: true })
      }
    })
  }

  async *list(): AsyncIterable<string[]> {
    let page: string[] = []
    for await (const folder of await opendir(this.#folder)) {
      if (!folder.isDirectory()) continue
      for await (const { name } of await opendir(join(this.#folder, folder.name))) {
        if (this.#pathOf(name) !== join(this.#folder, folder.name, name)) continue
        page.push(name)
        if (page.length < PAGE) continue
        yield page
        page = []
      }
    }
    if (page.length > 0) yield page
  }

  #pathOf(cid: string): string | undefined {
    return CID.test(cid) ? join(this.#folder, cid.slice(-3, -1), cid) : undefined
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#durable.has(folder)) return
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await syncFolder(this.#folder)
    this.#durable.add(folder)
  }
}

async function writeDurably(path: string, text: JsonText): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for (const bytes of pieces(text)) await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function readChecked(file: FileHandle, cid: string): Promise<JsonText> {
  const hash = createHash('sha256')
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const parts: string[] = []
  for await (const bytes of file.createReadStream({ highWaterMark: PIECE, autoClose: false })) {
    hash.update(bytes)
    parts.push(decoder.decode(bytes, { stream: true }))
  }
  parts.push(decoder.decode())
  if (cidOfDigest(hash.digest()) !== cid) throw new BlobUnavailableError(`${cid} is damaged`)
  return parts.join('')
}

/** The UTF-8 bytes of a text, at most three times PIECE at once, no pair of surrogates torn apart. */
function* pieces(text: string): Iterable<Uint8Array> {
  for (let from = 0; from < text.length; ) {
    const last = text.charCodeAt(from + PIECE - 1)
    const until = from + PIECE - (last >= 0xd800 && last < 0xdc00 ? 1 : 0)
    yield Buffer.from(text.slice(from, until))
    from = until
  }
}

async function because<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof BlobNotFoundError || error instanceof BlobUnavailableError) throw error
    throw new BlobUnavailableError(
      `${what}: ${error instanceof Error ? error.message : String(error)}`,
      error,
    )
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
