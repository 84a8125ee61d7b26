import type { BlobRef, JsonText } from '../states/commands.ts'

/**
 * Bodies that are too large for the task store, each under the CID (v1, raw, sha2-256, base32) of its UTF-8 bytes: the
 * same text is kept once. It does not know who refers to what: see `Bodies`. Each driver runs
 * `blob-store.compliance.ts`.
 *
 * What cannot be written or read rejects with `unavailable` that says why.
 */
export interface BlobStore {
  /** What a text will be known by; keeps nothing. Never holds up other work for long, however large the text. */
  refOf(text: JsonText): Promise<BlobRef>
  /**
   * Keeps a text under its reference; resolves when it is durable, with whether it was not there before. A copy that
   * was damaged is replaced.
   */
  put(ref: BlobRef, text: JsonText): Promise<boolean>
  /** The text, checked against its CID. Rejects with `not_found`, `unavailable` (damaged, cannot be read). */
  get(cid: string): Promise<JsonText>
  /** What is not there is no error. */
  delete(cids: readonly string[]): Promise<void>
  /** Every CID that is there, in pages; one that comes or goes meanwhile may be among them or not. */
  list(): AsyncIterable<string[]>
}
