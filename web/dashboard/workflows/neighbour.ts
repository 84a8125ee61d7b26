import type { Point } from './graph-layout.ts'

export type ArrowKey = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown'

/** How much farther away a step counts for each pixel that it lies beside the way. */
const BESIDE = 2.5

/** The nearest step in the direction of an arrow key, preferring what lies straight ahead; undefined at an edge. */
export function neighbour(
  nodes: ReadonlyMap<string, Point>,
  from: string,
  key: ArrowKey,
): string | undefined {
  const start = nodes.get(from)
  if (start === undefined) return undefined
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const [id, point] of nodes) {
    const [ahead, beside] = along(point.x - start.x, point.y - start.y, key)
    const distance = ahead + beside * BESIDE
    if (ahead > 1 && distance < least) [best, least] = [id, distance]
  }
  return best
}

function along(dx: number, dy: number, key: ArrowKey): [ahead: number, beside: number] {
  switch (key) {
    case 'ArrowLeft':
      return [-dx, Math.abs(dy)]
    case 'ArrowRight':
      return [dx, Math.abs(dy)]
    case 'ArrowUp':
      return [-dy, Math.abs(dx)]
    case 'ArrowDown':
      return [dy, Math.abs(dx)]
  }
}
