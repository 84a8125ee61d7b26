/** Something durable that refers to blobs, which must stay as long as it does. */
export interface BlobReferences {
  /** Every blob that it refers to, in pages. */
  blobs(): AsyncIterable<string[]>
  /** Those of these blobs that it refers to. */
  referred(cids: readonly string[]): Promise<string[]>
}

/** Refers to nothing. */
export const NO_REFERENCES: BlobReferences = {
  async *blobs() {},
  referred: async () => [],
}

/** What one or the other refers to. */
export async function* blobsOfBoth(a: BlobReferences, b: BlobReferences): AsyncGenerator<string[]> {
  yield* a.blobs()
  yield* b.blobs()
}
