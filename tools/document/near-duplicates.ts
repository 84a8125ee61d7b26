/**
 * Groups of documents whose MinHash signatures agree in at least a given share of their places. The share of
 * agreeing places estimates the Jaccard similarity of the documents (Broder 1997, "On the resemblance and
 * containment of documents"); banding keeps the comparison from being one of all pairs (Leskovec, Rajaraman,
 * Ullman, "Mining of Massive Datasets", 3.4).
 */
export interface Signed {
  name: string
  signature: readonly number[]
}

/** From 0 to 1: near enough to be called a duplicate. */
export const NEAR_DUPLICATE = 0.8

/**
 * The groups of two and more, each sorted by name, in the order of their first names. A group is closed under
 * likeness: when a is like b and b like c, all three are in it. No pair that is alike is missed.
 */
export function nearDuplicates(documents: readonly Signed[], threshold = NEAR_DUPLICATE): string[][] {
  const groups = new DisjointSets(documents.length)
  for (const bucket of buckets(documents, threshold)) {
    for (const [place, left] of bucket.entries()) {
      for (const right of bucket.slice(place + 1)) {
        if (groups.connected(left, right)) continue
        if (similarity(documents[left]?.signature, documents[right]?.signature) >= threshold)
          groups.join(left, right)
      }
    }
  }
  return groups
    .sets()
    .filter(members => members.length > 1)
    .map(members => members.map(index => documents[index]?.name ?? '').sort())
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
}

/** The share of places in which two signatures of one length agree; 0 for other lengths and for empty ones. */
export function similarity(a: readonly number[] = [], b: readonly number[] = []): number {
  if (a.length === 0 || a.length !== b.length) return 0
  const equal = a.reduce((count, value, place) => count + (value === b[place] ? 1 : 0), 0)
  return equal / a.length
}

/**
 * Documents that agree in a whole band. With one band more than there may be differing places, two signatures that
 * are alike agree in at least one band, whichever places differ.
 */
function* buckets(documents: readonly Signed[], threshold: number): Generator<number[]> {
  const length = Math.max(0, ...documents.map(({ signature }) => signature.length))
  const bands = Math.floor(length * (1 - threshold) + ROUNDING) + 1
  for (let band = 0; band < bands; band++) {
    const from = Math.floor((band * length) / bands)
    const to = Math.floor(((band + 1) * length) / bands)
    const byBand = new Map<string, number[]>()
    for (const [index, { signature }] of documents.entries()) {
      if (signature.length !== length) continue
      const key = signature.slice(from, to).join()
      const bucket = byBand.get(key)
      if (bucket === undefined) byBand.set(key, [index])
      else bucket.push(index)
    }
    yield* byBand.values()
  }
}

/** `length * (1 - 0.8)` must not fall below a whole number by the last bit of a float. */
const ROUNDING = 1e-9

/** Union-find with path halving. */
class DisjointSets {
  #parents: number[]

  constructor(size: number) {
    this.#parents = Array.from({ length: size }, (_, index) => index)
  }

  connected(a: number, b: number): boolean {
    return this.#root(a) === this.#root(b)
  }

  join(a: number, b: number): void {
    this.#parents[this.#root(a)] = this.#root(b)
  }

  sets(): number[][] {
    return [...Map.groupBy(this.#parents.keys(), index => this.#root(index)).values()]
  }

  #root(index: number): number {
    let at = index
    for (;;) {
      const parent = this.#parents[at] ?? at
      if (parent === at) return at
      const above = this.#parents[parent] ?? parent
      this.#parents[at] = above
      at = above
    }
  }
}
