import type { Direction, Point } from './graph-layout.ts'

/**
 * The `d` of a smooth line through an edge's points, leaving and arriving along the direction of the graph: a cubic
 * Bézier for each pair, whose handles lie halfway along that direction.
 */
export function edgePath(points: readonly Point[], direction: Direction): string {
  const [first, ...rest] = points
  if (first === undefined) return ''
  let path = `M${round(first.x)} ${round(first.y)}`
  let from = first
  for (const to of rest) {
    const middle = direction === 'LR' ? (from.x + to.x) / 2 : (from.y + to.y) / 2
    const one = direction === 'LR' ? { x: middle, y: from.y } : { x: from.x, y: middle }
    const two = direction === 'LR' ? { x: middle, y: to.y } : { x: to.x, y: middle }
    path += `C${round(one.x)} ${round(one.y)} ${round(two.x)} ${round(two.y)} ${round(to.x)} ${round(to.y)}`
    from = to
  }
  return path
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
