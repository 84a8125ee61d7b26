import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firstView, fitInto, MIN_SCALE, pan, reveal, type Viewport, zoom } from './viewport.ts'

const ROOM = { width: 800, height: 400 }
const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const view: fc.Arbitrary<Viewport> = fc.record({
  x: number(-2000, 2000),
  y: number(-2000, 2000),
  scale: number(MIN_SCALE, 2),
})

describe('the viewport of a graph', () => {
  it('fits a large drawing into the middle, and leaves a small one at its size', () => {
    expect(fitInto({ width: 1600, height: 400 }, ROOM)).toEqual({ scale: 0.5, x: 0, y: 100 })
    expect(fitInto({ width: 400, height: 200 }, ROOM)).toEqual({ scale: 1, x: 200, y: 100 })
  })

  it('begins with the beginning where the whole could not be read', () => {
    expect(firstView({ width: 8000, height: 400 }, ROOM, 'LR')).toEqual({ scale: 1, x: 0, y: 0 })
    expect(firstView({ width: 800, height: 8000 }, ROOM, 'TB')).toEqual({ scale: 1, x: 0, y: 0 })
    expect(firstView({ width: 8000, height: 8000 }, ROOM, 'LR').scale).toBeGreaterThan(0.5)
  })

  it('keeps what is under the pointer there when it zooms', () => {
    fc.assert(
      fc.property(view, number(0.2, 5), number(0, 800), number(0, 400), (before, factor, x, y) => {
        const after = zoom(before, factor, { x, y })
        const there = (v: Viewport) => ({ x: (x - v.x) / v.scale, y: (y - v.y) / v.scale })
        expect(there(after).x).toBeCloseTo(there(before).x, 3)
        expect(there(after).y).toBeCloseTo(there(before).y, 3)
      }),
    )
  })

  it('never loses the drawing, however far it is dragged', () => {
    const drawing = { width: 1000, height: 600 }
    fc.assert(
      fc.property(view, number(-1e5, 1e5), number(-1e5, 1e5), (before, dx, dy) => {
        const { x, y, scale } = pan(before, dx, dy, drawing, ROOM)
        expect(x).toBeLessThan(ROOM.width)
        expect(y).toBeLessThan(ROOM.height)
        expect(x + drawing.width * scale).toBeGreaterThan(0)
        expect(y + drawing.height * scale).toBeGreaterThan(0)
      }),
    )
  })

  it('shows a box that is out of sight, and does not move for one that is seen', () => {
    const seen = { x: 100, y: 100, width: 200, height: 50 }
    expect(reveal({ x: 0, y: 0, scale: 1 }, seen, ROOM)).toEqual({ x: 0, y: 0, scale: 1 })
    const far = { x: 2000, y: 900, width: 200, height: 50 }
    const { x, y } = reveal({ x: 0, y: 0, scale: 1 }, far, ROOM)
    expect(x + 2200).toBeLessThanOrEqual(ROOM.width)
    expect(y + 950).toBeLessThanOrEqual(ROOM.height)
  })
})
