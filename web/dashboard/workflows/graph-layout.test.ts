import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { edgePath } from './edge-path.ts'
import { type GraphStep, layOut } from './graph-layout.ts'
import { NODE_HEIGHT, NODE_WIDTH } from './node-size.ts'

/** Graphs of up to 30 steps, each with up to three dependencies on earlier ones. */
const graphs: fc.Arbitrary<GraphStep[]> = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 30 })
  .map(all =>
    all.map((picks, index) => ({
      id: `s${index}`,
      depends_on: index === 0 ? [] : [...new Set(picks.map(pick => `s${pick % index}`))],
    })),
  )

describe('the layout of a graph', () => {
  it.each(['LR', 'TB'] as const)(
    '%s puts each step behind what it depends on, and no two on one place',
    direction => {
      fc.assert(
        fc.property(graphs, steps => {
          const { nodes, edges, width, height } = layOut(steps, direction)
          const at = (id: string) => nodes.get(id)!
          for (const { id, depends_on } of steps) {
            expect(at(id).x + NODE_WIDTH / 2).toBeLessThanOrEqual(width)
            expect(at(id).y + NODE_HEIGHT / 2).toBeLessThanOrEqual(height)
            for (const from of depends_on) {
              if (direction === 'LR') expect(at(from).x + NODE_WIDTH).toBeLessThan(at(id).x)
              else expect(at(from).y + NODE_HEIGHT).toBeLessThan(at(id).y)
            }
          }
          for (const { points } of edges) {
            // Forward only, and from side to side: along the direction no edge ever turns back.
            const along = points.map(({ x, y }) => (direction === 'LR' ? x : y))
            expect(along).toEqual(along.toSorted((one, other) => one - other))
            expect(points.length % 2).toBe(0)
          }
          expect(edges).toHaveLength(steps.reduce((sum, { depends_on }) => sum + depends_on.length, 0))
          const places = [...nodes.values()]
          for (const [index, one] of places.entries()) {
            for (const other of places.slice(index + 1)) {
              const apart =
                Math.abs(one.x - other.x) >= NODE_WIDTH || Math.abs(one.y - other.y) >= NODE_HEIGHT
              expect(apart).toBe(true)
            }
          }
        }),
        { numRuns: 40 },
      )
    },
  )

  it('leaves out a dependency on a step that is not drawn', () => {
    expect(layOut([{ id: 'a', depends_on: ['gone'] }], 'LR').edges).toEqual([])
  })
})

describe('the path of an edge', () => {
  it('goes through all points, along the direction at each', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 10, y: 20 },
    ]
    expect(edgePath(points, 'LR')).toBe('M0 0C5 0 5 20 10 20')
    expect(edgePath(points, 'TB')).toBe('M0 0C0 10 10 10 10 20')
    expect(edgePath([], 'LR')).toBe('')
  })
})
