import { topologicalOrder } from './graph.ts'
import type { Plan, PlanStep } from './plan.ts'

/** The chain of steps, each depending on the one before, that is longest. */
export interface CriticalPath {
  /** In the order in which they run. */
  steps: readonly PlanStep[]
  /** Sum of their lengths. */
  length: number
}

/**
 * The chain that decides how long the workflow takes: by what each step took (milliseconds), or without `lengthOf` by
 * the number of steps. Of chains that are equally long it is the one whose last step comes first.
 * @param lengthOf at least 0
 */
export function criticalPath(plan: Plan, lengthOf: (step: PlanStep) => number = () => 1): CriticalPath {
  const { length, before } = longestChains(plan, lengthOf)
  let last: PlanStep | undefined
  for (const step of plan.steps)
    if (last === undefined || (length[step.index] ?? 0) > (length[last.index] ?? 0)) last = step
  const steps: PlanStep[] = []
  for (let at = last; at !== undefined; at = plan.steps[before[at.index] ?? NONE]) steps.push(at)
  return { steps: steps.reverse(), length: last === undefined ? 0 : (length[last.index] ?? 0) }
}

/** For each step how many steps the longest chain before it has. */
export function stepsBefore(plan: Plan): readonly number[] {
  return Array.from(longestChains(plan, () => 1).length, chain => chain - 1)
}

/** The steps so that each comes behind what it depends on. */
export function orderOf(plan: Plan): readonly PlanStep[] {
  return orderedIndexes(plan).flatMap(index => plan.steps[index] ?? [])
}

const NONE = -1

/** For each step the length of the longest chain that ends with it, and the step before it on that. */
function longestChains(
  plan: Plan,
  lengthOf: (step: PlanStep) => number,
): { length: Float64Array; before: Int32Array } {
  const length = new Float64Array(plan.steps.length)
  const before = new Int32Array(plan.steps.length).fill(NONE)
  for (const step of orderOf(plan)) {
    const { index, dependencies } = step
    for (const on of dependencies) {
      const longest = before[index] ?? NONE
      if (longest === NONE || (length[on] ?? 0) > (length[longest] ?? 0)) before[index] = on
    }
    length[index] = lengthOf(step) + (length[before[index] ?? NONE] ?? 0)
  }
  return { length, before }
}

function orderedIndexes({ steps }: Plan): readonly number[] {
  return topologicalOrder(
    steps.map(step => step.dependencies),
    steps.map(step => step.dependents),
  )
}
