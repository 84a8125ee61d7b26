/** Steps or items of a large workflow. */
export const STEPS = 100_000

/** Layers of 1,000 steps that depend on two of the one before; steps that know nothing of each other; items of one step. */
export const SHAPES = ['layers', 'independent', 'for_each'] as const
export type Shape = (typeof SHAPES)[number]
