/** Randomness that can be had again: mulberry32 (Tommy Ettinger), seeded from `CHAOS_SEED` or by chance. */
export interface SeededRandom {
  readonly seed: number
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
}

export function seededRandom(): SeededRandom {
  const given = Number(process.env.CHAOS_SEED)
  return seededBy(Number.isInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31) + 1)
}

/** The same numbers for the same seed. */
export function seededBy(seed: number): SeededRandom {
  let state = seed
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { seed, between: (least, most) => least + Math.floor(next() * (most - least + 1)) }
}
