import { cidOfBytes } from '../../artifacts/cid.ts'
import { BlobNotFoundError } from '../errors.ts'
import type { BlobRef, JsonText } from '../states/commands.ts'
import type { BlobStore } from './blob-store.ts'

/** Blobs as long as the process lives. */
export class MemoryBlobStore implements BlobStore {
  readonly #texts = new Map<string, JsonText>()

  async refOf(text: JsonText): Promise<BlobRef> {
    const bytes = new TextEncoder().encode(text)
    return { blob: cidOfBytes(bytes), size: bytes.length }
  }

  async put(ref: BlobRef, text: JsonText): Promise<boolean> {
    const fresh = !this.#texts.has(ref.blob)
    this.#texts.set(ref.blob, text)
    return fresh
  }

  async get(cid: string): Promise<JsonText> {
    const text = this.#texts.get(cid)
    if (text === undefined) throw new BlobNotFoundError(cid)
    return text
  }

  async delete(cids: readonly string[]): Promise<void> {
    for (const cid of cids) this.#texts.delete(cid)
  }

  async *list(): AsyncIterable<string[]> {
    if (this.#texts.size > 0) yield [...this.#texts.keys()]
  }
}
