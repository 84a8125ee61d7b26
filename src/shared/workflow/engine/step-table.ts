/** The state table of a step: which states each may be followed by, and what ends one. */
import type { StepState } from '../workflow.ts'

const ENDS = ['succeeded', 'failed', 'skipped', 'cancelled'] as const satisfies readonly StepState[]

/** Rescheduling makes any state but `running` `pending` again; it is the only way out of an end. */
const FOLLOWERS: Record<StepState, ReadonlySet<StepState>> = {
  pending: new Set<StepState>(['waiting', 'running', ...ENDS]),
  // Its wait begins anew (the same time, or the same signal) when another engine goes on with it.
  waiting: new Set<StepState>(['waiting', 'pending', 'succeeded', 'failed', 'cancelled']),
  // Its task is found again, or its items are listed, by the engine that goes on with it.
  running: new Set<StepState>(['running', 'succeeded', 'failed', 'cancelled']),
  succeeded: new Set<StepState>(['pending']),
  failed: new Set<StepState>(['pending']),
  skipped: new Set<StepState>(['pending']),
  cancelled: new Set<StepState>(['pending']),
}

export function mayFollow(from: StepState, to: StepState): boolean {
  return FOLLOWERS[from].has(to)
}

export const ENDED_STEP: ReadonlySet<StepState> = new Set<StepState>(ENDS)
