import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearDuplicates, type Signed, similarity } from './near-duplicates.ts'

/** Signatures over few values, so that some agree; some made from others by a few changes. */
const documents = fc
  .tuple(
    fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 20, maxLength: 20 }), { maxLength: 12 }),
    fc.array(fc.tuple(fc.nat(11), fc.array(fc.nat(19), { maxLength: 6 })), { maxLength: 12 }),
  )
  .map(([bases, variants]): Signed[] => {
    const changed = variants.flatMap(([base, places]) => {
      const signature = bases[base]
      return signature ? [signature.map((value, place) => (places.includes(place) ? value + 10 : value))] : []
    })
    return [...bases, ...changed].map((signature, index) => ({ name: `d${index}`, signature }))
  })

/** Connected components over all pairs, written as plainly as can be. */
function byAllPairs(all: readonly Signed[], threshold: number): string[][] {
  const groups = all.map(({ name }) => new Set([name]))
  for (const a of all) {
    for (const b of all) {
      if (similarity(a.signature, b.signature) < threshold) continue
      const left = groups.findIndex(group => group.has(a.name))
      const right = groups.findIndex(group => group.has(b.name))
      if (left === right) continue
      for (const name of groups[right]!) groups[left]!.add(name)
      groups.splice(right, 1)
    }
  }
  const sorted = groups.filter(group => group.size > 1).map(group => [...group].sort())
  return sorted.sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
}

describe('near duplicates', () => {
  it('finds exactly what a comparison of all pairs finds', () => {
    fc.assert(
      fc.property(documents, fc.constantFrom(0.5, 0.75, 0.8, 0.9, 1), (all, threshold) => {
        expect(nearDuplicates(all, threshold)).toEqual(byAllPairs(all, threshold))
      }),
    )
  })

  it('does not depend on the order of the documents', () => {
    const shuffled = documents.chain(all =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(nearDuplicates(other)).toEqual(nearDuplicates(all))
      }),
    )
  })

  it('has no group for documents without a signature', () => {
    const empty = [
      { name: 'a', signature: [] },
      { name: 'b', signature: [] },
    ]
    expect(nearDuplicates(empty)).toEqual([])
    expect(nearDuplicates([])).toEqual([])
  })
})
