/** What one worker grants to each owner that it serves; the sum never exceeds its capacity. */
export interface CreditShare {
  /** Attempts that its own queue may have running here. */
  own: number
  /** Attempts that each other owner may, in the order given. */
  others: number[]
}

/**
 * Divides a node's workers between its own tasks and the other owners that it works for. Its own come first, as far
 * as it has any; what they do not use is dealt out evenly, one by one. What an owner runs already stays
 * granted, so that nothing is refused that was begun.
 *
 * @param capacity attempts at once, 0 or more
 * @param ownDemand own tasks that run or could run here now
 * @param running attempts that each other owner has running here
 */
export function shareCredits(capacity: number, ownDemand: number, running: readonly number[]): CreditShare {
  const taken = running.reduce((sum, count) => sum + count, 0)
  const own = Math.max(0, Math.min(ownDemand, capacity - taken))
  const others = [...running]
  let left = Math.max(0, capacity - taken - own)
  while (left > 0 && others.length > 0) {
    const least = others.indexOf(Math.min(...others))
    others[least] = (others[least] ?? 0) + 1
    left -= 1
  }
  return { own: others.length === 0 ? capacity : own, others }
}
