import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MinHeap } from './min-heap.ts'

describe('MinHeap', () => {
  it('gives items in order, whatever was pushed and removed between', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), key: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ do: fc.constant('remove' as const), key: fc.nat(50) }),
      fc.record({ do: fc.constant('pop' as const), key: fc.constant(0) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const heap = new MinHeap<{ place: number; key: number }>((a, b) => a.key < b.key)
        let model: { place: number; key: number }[] = []
        const drop = (item: (typeof model)[number]) => {
          model = model.filter(each => each !== item)
        }
        for (const { do: what, key } of steps) {
          if (what === 'push') {
            const item = { place: -1, key }
            heap.push(item)
            model.push(item)
          } else if (what === 'pop') {
            const least = Math.min(...model.map(each => each.key))
            const item = heap.pop()
            expect(item?.key).toBe(model.length === 0 ? undefined : least)
            if (item !== undefined) drop(item)
          } else {
            const item = model[key % Math.max(model.length, 1)]
            if (item === undefined) continue
            expect(heap.remove(item)).toBe(true)
            expect(heap.remove(item)).toBe(false)
            drop(item)
          }
          expect(heap.size).toBe(model.length)
        }
      }),
    )
  })
})
