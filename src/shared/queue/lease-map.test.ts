import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LeaseMap } from './lease-map.ts'

const lease = fc.record({ task_id: fc.constantFrom('a', 'b', 'c'), fence: fc.integer({ min: 1, max: 4 }) })
const step = fc.record({ kind: fc.constantFrom('set', 'set', 'delete', 'get'), lease })

it('is a map by task and fence', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const map = new LeaseMap<number>()
      const model = new Map<string, number>()
      steps.forEach(({ kind, lease: { task_id, fence } }, value) => {
        const key = `${task_id} ${fence}`
        if (kind === 'set') {
          map.set({ task_id, fence }, value)
          model.set(key, value)
        } else if (kind === 'delete') {
          expect(map.delete({ task_id, fence })).toBe(model.get(key))
          model.delete(key)
        } else {
          expect(map.get({ task_id, fence })).toBe(model.get(key))
          expect(map.has({ task_id, fence })).toBe(model.has(key))
        }
        expect(map.size).toBe(model.size)
        expect([...map.values()].sort()).toEqual([...model.values()].sort())
      })
    }),
  )
})

it('iterates tasks as they came', () => {
  const map = new LeaseMap<string>()
  for (const task_id of ['c', 'a', 'b']) map.set({ task_id, fence: 1 }, task_id)
  map.delete({ task_id: 'a', fence: 1 })
  map.set({ task_id: 'a', fence: 2 }, 'a again')
  expect([...map.values()]).toEqual(['c', 'b', 'a again'])
})
