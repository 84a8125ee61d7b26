import { describe, expect, it } from 'vitest'
import { neighbour } from './neighbour.ts'

const NODES = new Map([
  ['a', { x: 0, y: 50 }],
  ['b', { x: 300, y: 0 }],
  ['c', { x: 300, y: 100 }],
  ['d', { x: 600, y: 100 }],
])

describe('the step that an arrow key goes to', () => {
  it('is the next one that way', () => {
    expect(neighbour(NODES, 'b', 'ArrowDown')).toBe('c')
    expect(neighbour(NODES, 'c', 'ArrowUp')).toBe('b')
    expect(neighbour(NODES, 'c', 'ArrowRight')).toBe('d')
    expect(neighbour(NODES, 'd', 'ArrowLeft')).toBe('c')
  })

  it('is none at the edge, and none from what is not there', () => {
    expect(neighbour(NODES, 'd', 'ArrowRight')).toBeUndefined()
    expect(neighbour(NODES, 'gone', 'ArrowRight')).toBeUndefined()
  })
})
