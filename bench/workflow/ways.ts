/** Workflows, or chains of one workflow, side by side. */
export const AT_ONCE = 100
/** Steps of each, one after another. */
export const CHAIN = 20

/** One workflow at a time of one chain, one at a time of many, many at a time of one, and tasks without a workflow. */
export const WAYS = ['one_narrow', 'one_wide', 'many', 'tasks'] as const
export type Way = (typeof WAYS)[number]
