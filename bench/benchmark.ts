/** One measured figure, with the bar that it has to clear where there is one. */
export interface Figure {
  name: string
  value: number
  unit: string
  /** p99 of the same samples, where they were many. */
  p99?: number
  goal?: { most: number } | { least: number }
}

/** What one benchmark found; `skipped` says why it could not run here. */
export interface Findings {
  figures: Figure[]
  /** How it was measured: rounds, sizes, what stood on the other side. */
  method: string
  skipped?: string
}

export interface Benchmark {
  name: string
  title: string
  /** It starts a node, so what a node makes on its first start has to be there before anything is measured. */
  usesNode: boolean
  run(): Promise<Findings[]>
}

export function meetsGoal({ value, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined
  return 'most' in goal ? value <= goal.most : value >= goal.least
}
