/** A stream of numbers in [0, 1) that a seed decides (mulberry32, Tommy Ettinger 2017). */
export type Random = () => number

export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** From an exponential distribution. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random())
}

export function pick<T>(random: Random, among: readonly T[]): T | undefined {
  return among[Math.floor(random() * among.length)]
}
