/** The graph of a definition: steps by their indexes, each with the indexes of those that it depends on. */

export type Dependencies = readonly (readonly number[])[]

/** For each step those that depend on it, ascending. */
export function dependentsOf(dependencies: Dependencies): readonly (readonly number[])[] {
  const dependents: number[][] = dependencies.map(() => [])
  for (const [index, own] of dependencies.entries()) for (const on of own) dependents[on]?.push(index)
  return dependents
}

/**
 * The steps in an order in which each comes behind what it depends on (Kahn's algorithm; of those that could be next,
 * the one that was ready first). Steps that lie on a cycle, or behind one, are left out.
 */
export function topologicalOrder(
  dependencies: Dependencies,
  dependents: readonly (readonly number[])[],
): number[] {
  const waitsFor = Uint32Array.from(dependencies, own => own.length)
  const order: number[] = []
  for (const [index, count] of waitsFor.entries()) if (count === 0) order.push(index)
  for (let at = 0; at < order.length; at++) {
    for (const next of dependents[order[at] ?? -1] ?? []) {
      const left = (waitsFor[next] ?? 0) - 1
      waitsFor[next] = left
      if (left === 0) order.push(next)
    }
  }
  return order
}

/**
 * A cycle for each set of steps that cannot be put into an order (strongly connected components, Tarjan 1972, without
 * recursion): a shortest one through its first step, as `[a, b, c]` where a depends on b, b on c and c on a.
 */
export function cyclesIn(dependencies: Dependencies): number[][] {
  return componentsOf(dependencies)
    .filter(component => component.length > 1)
    .map(component => cycleIn(component, dependencies))
    .sort(([a = 0], [b = 0]) => a - b)
}

function componentsOf(dependencies: Dependencies): number[][] {
  const count = dependencies.length
  /** When each was first seen, from 1; 0: not yet. */
  const seen = new Uint32Array(count)
  const low = new Uint32Array(count)
  const onStack = new Uint8Array(count)
  /** How many of its dependencies were looked at. */
  const followed = new Uint32Array(count)
  const stack: number[] = []
  const path: number[] = []
  const components: number[][] = []
  let clock = 0

  const enter = (index: number) => {
    clock += 1
    seen[index] = clock
    low[index] = clock
    onStack[index] = 1
    stack.push(index)
    path.push(index)
  }
  const leave = (index: number) => {
    path.pop()
    const parent = path.at(-1)
    if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[index] ?? 0)
    if (low[index] !== seen[index]) return
    const component: number[] = []
    let member: number | undefined
    do {
      member = stack.pop()
      if (member === undefined) break
      onStack[member] = 0
      component.push(member)
    } while (member !== index)
    components.push(component)
  }

  for (let start = 0; start < count; start++) {
    if (seen[start] !== 0) continue
    enter(start)
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const place = followed[at] ?? 0
      const next = dependencies[at]?.[place]
      followed[at] = place + 1
      if (next === undefined) leave(at)
      else if (seen[next] === 0) enter(next)
      else if (onStack[next] === 1) low[at] = Math.min(low[at] ?? 0, seen[next] ?? 0)
    }
  }
  return components
}

/** Breadth first from its lowest step, along what it depends on, until that comes again. */
function cycleIn(component: readonly number[], dependencies: Dependencies): number[] {
  const inside = new Set(component)
  const start = component.reduce((least, index) => Math.min(least, index))
  const from = new Map<number, number>()
  const queue = [start]
  for (let at = 0; at < queue.length; at++) {
    const index = queue[at] ?? start
    for (const next of dependencies[index] ?? []) {
      if (next === start) return pathTo(index, start, from)
      if (!inside.has(next) || from.has(next)) continue
      from.set(next, index)
      queue.push(next)
    }
  }
  return [start]
}

function pathTo(end: number, start: number, from: ReadonlyMap<number, number>): number[] {
  const path = [end]
  for (let at = end; at !== start; ) {
    at = from.get(at) ?? start
    path.push(at)
  }
  return path.reverse()
}
