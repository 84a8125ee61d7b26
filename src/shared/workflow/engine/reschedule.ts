import { InvalidInputError, ToolmeshError } from '../../errors.ts'
import type { Plan } from '../definition/plan.ts'
import type { StepState } from '../workflow.ts'

/** Ids that an error lists at most. */
const NAMED = 5

/** Generations of one workflow: each is looked at again whenever its events are read. */
export const MAX_GENERATIONS = 1_000

/** How steps stand, as far as a reschedule needs it. */
export interface Standing {
  plan: Plan
  generation: number
  stateOf(index: number): StepState
  withFollowers(chosen: Iterable<number>): number[]
}

/**
 * The steps that a reschedule begins from: those named, else those that failed or were cancelled. All that follows on
 * them runs anew too. Throws `invalid_input` (no such step), `conflict` (nothing to run anew, one of them runs, or it was rescheduled too often).
 */
export function rescheduled(standing: Standing, steps: readonly string[]): number[] {
  const { plan, generation } = standing
  if (generation >= MAX_GENERATIONS) {
    throw new ToolmeshError('conflict', `it was rescheduled ${generation - 1} times: submit it anew`, {
      field: '/workflow_id',
      allowed: `at most ${MAX_GENERATIONS} generations`,
    })
  }
  const chosen = steps.length > 0 ? steps.map(id => indexOf(plan, id)) : ended(standing)
  if (chosen.length === 0) {
    throw new ToolmeshError('conflict', 'no step failed or was cancelled: name the steps to run anew', {
      field: '/steps',
      allowed: 'ids of steps',
    })
  }
  const running = standing.withFollowers(chosen).filter(index => standing.stateOf(index) === 'running')
  if (running.length === 0) return chosen
  const names = running.slice(0, NAMED).map(index => plan.steps[index]?.id)
  const more = running.length > NAMED ? ` and ${running.length - NAMED} more` : ''
  throw new ToolmeshError('conflict', `what would run anew still runs: ${names.join(', ')}${more}`, {
    field: '/steps',
    value: names,
    allowed: 'steps that do not run, and that nothing follows on which does',
  })
}

function indexOf(plan: Plan, id: string): number {
  const step = plan.step(id)
  if (step === undefined) throw new InvalidInputError('/steps', id, 'ids of steps of this workflow')
  return step.index
}

function ended({ plan, stateOf }: Standing): number[] {
  const found: number[] = []
  for (const { index } of plan.steps) {
    const state = stateOf(index)
    if (state === 'failed' || state === 'cancelled') found.push(index)
  }
  return found
}
