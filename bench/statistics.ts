/** What a set of samples says: the middle and the slow end. In the samples' unit. */
export interface Summary {
  median: number
  p99: number
  samples: number
}

export function summarise(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), samples: sorted.length }
}

/** Nearest rank: a value that was measured, never one between two. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
