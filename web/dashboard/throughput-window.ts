/** Seconds that the chart shows. */
export const WINDOW_S = 60

/**
 * The last 60 seconds as of `now`, oldest first: what the node told (`perSecond`, oldest first), moved on by
 * the whole seconds since it was read. A node tells only of changes, so seconds without news had none.
 */
export function throughputWindow(perSecond: readonly number[], readAt: number, now: number): number[] {
  const idle = Math.min(WINDOW_S, Math.max(0, Math.floor((now - readAt) / 1000)))
  const known = [...perSecond, ...new Array<number>(idle).fill(0)].slice(-WINDOW_S)
  return [...new Array<number>(WINDOW_S - known.length).fill(0), ...known]
}
