import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rendezvousFirst, rendezvousOrder, rendezvousRank } from './rendezvous.ts'

const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 })
const KEYS = Array.from({ length: 4_000 }, (_, n) => `0a1b2c3d-019a-workflow-${n}`)

describe('rendezvous hashing', () => {
  it('gives everybody the same order, in whatever order the members are known', () => {
    fc.assert(
      fc.property(fc.string(), members, (key, names) => {
        const order = rendezvousOrder(key, names)
        expect(rendezvousOrder(key, [...names].reverse())).toEqual(order)
        expect([...order].sort()).toEqual([...names].sort())
        expect(rendezvousFirst(key, names)).toBe(order[0])
        expect(order.map(name => rendezvousRank(key, name, names))).toEqual(order.map((_, place) => place))
      }),
    )
  })

  it('moves only the keys of the member that went, or those that a new one wins', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 30 }), members, fc.nat(), (keys, names, which) => {
        const gone = names[which % names.length]
        const others = names.filter(name => name !== gone)
        for (const key of keys) {
          const before = rendezvousFirst(key, names)
          const after = rendezvousFirst(key, others)
          if (before !== gone) expect(after).toBe(before)
          else expect(after).toBe(rendezvousOrder(key, names)[1])
        }
      }),
    )
  })

  it.each([2, 3, 5, 10])('spreads keys evenly over %i members', count => {
    const names = Array.from({ length: count }, (_, n) => `engine-${n}`)
    const shares = new Map(names.map(name => [name, 0]))
    for (const key of KEYS) {
      const first = rendezvousFirst(key, names) ?? ''
      shares.set(first, (shares.get(first) ?? 0) + 1)
    }
    const mean = KEYS.length / count
    // Five standard deviations of a fair draw.
    const bound = 5 * Math.sqrt(mean * (1 - 1 / count))
    for (const share of shares.values()) expect(Math.abs(share - mean)).toBeLessThan(bound)
  })

  it('spreads what a member leaves evenly over the others', () => {
    const names = ['a', 'b', 'c', 'd']
    const heirs = new Map<string, number>()
    for (const key of KEYS) {
      const [first, second = ''] = rendezvousOrder(key, names)
      if (first === 'a') heirs.set(second, (heirs.get(second) ?? 0) + 1)
    }
    const mean = [...heirs.values()].reduce((sum, share) => sum + share, 0) / 3
    for (const share of heirs.values()) expect(Math.abs(share - mean)).toBeLessThan(5 * Math.sqrt(mean))
  })

  it('has no member where there are none', () => {
    expect(rendezvousFirst('key', [])).toBeUndefined()
    expect(rendezvousRank('key', 'a', [])).toBe(0)
  })
})
