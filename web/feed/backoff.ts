/** First delay of a reconnect: short, as a restarting node is back in about a second. */
const BASE_MS = 500
/** Longest delay: a person who looks at the page should not wait longer for it to come back. */
const MAX_MS = 15_000

/**
 * Milliseconds to wait before reconnect number `attempt` (from 0): exponential, the upper half jittered,
 * so that many pages do not come back to a restarted node in one instant and none comes back at once.
 *
 * @param random a number in [0, 1)
 */
export function reconnectDelay(attempt: number, random: () => number): number {
  const ceiling = Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempt, 16))
  return Math.round(ceiling / 2 + (ceiling / 2) * random())
}
