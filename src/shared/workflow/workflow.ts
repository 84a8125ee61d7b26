import type { ErrorFacts } from '../errors.ts'
import type { Body } from '../queue/states/commands.ts'
import type { JsonObject } from '../tools/tool.ts'

/** `waiting`: nothing runs before a time comes or somebody signals. */
export type WorkflowState = 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled'
export type StepState = 'pending' | 'waiting' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'cancelled'

export const WORKFLOW_STATES = [
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
] as const satisfies readonly WorkflowState[]

export const STEP_STATES = [
  'pending',
  'waiting',
  'running',
  'succeeded',
  'failed',
  'skipped',
  'cancelled',
] as const satisfies readonly StepState[]

export const ENDED_WORKFLOW: ReadonlySet<WorkflowState> = new Set<WorkflowState>([
  'succeeded',
  'failed',
  'cancelled',
])

/** The step of another workflow that this one is. */
export interface ParentStep {
  workflow_id: string
  step: string
  item?: number
  generation: number
}

/**
 * A workflow without its bodies: what lists show and engines agree on. Times in epoch milliseconds.
 * `owner` and `fence`: the engine that drives it; the fence grows with each change of owner, and what carries an
 * older one is refused.
 */
export interface WorkflowHead {
  workflow_id: string
  name: string
  /** Of the stored definition that it was started by. */
  version?: string
  definition_cid: string
  principal: string
  state: WorkflowState
  /** Engine id; undefined while nobody has it. */
  owner?: string
  fence: number
  /** Of its latest event; events count 1, 2, …. */
  seq: number
  /** Grows with each reschedule, from 1. */
  generation: number
  created_at: number
  changed_at: number
  /** When it ended, or left for another node (`moved_to`); open as long as there is none. */
  ended_at?: number
  /** How many steps are in each state. */
  steps: Record<StepState, number>
  /** Failed steps that did not fail it. */
  failed_steps: number
  error?: ErrorFacts
  parent?: ParentStep
  /** The outermost workflow, itself where it has no parent: a family has one owner. */
  root_id: string
  /** How many parents it has. */
  depth: number
  idempotency_key?: string
  request_cid?: string
  labels: Record<string, string>
  metadata: JsonObject
  /** It is on its way to the node (peer id) of another store: until that has answered, nothing is done on it. */
  handover?: { to: string; transfer: string }
  /** The node (peer id) of another store that has it now; what is here is a memory of it. */
  moved_to?: string
  /** The node that it came from first. */
  moved_from?: string
}

/** How a step or an item ended. */
export type EndState = 'succeeded' | 'failed' | 'skipped' | 'cancelled'

/** `seq` counts 1, 2, … in each workflow; `at` in epoch milliseconds; `step` is its id. */
export type WorkflowEvent = { seq: number; at: number } & (
  | { kind: 'submitted'; by: string }
  /** An engine took it over, or took it first. */
  | { kind: 'claimed'; engine: string; fence: number }
  | {
      kind: 'step_started'
      step: string
      generation: number
      /** The task or child workflow; absent with `items`. */
      task_id?: string
      workflow_id?: string
      /** Of a `for_each`: how many there are. */
      items?: number
    }
  /** It waits for a time (epoch ms), for a signal, or for a retry of what the queue could not take. */
  | {
      kind: 'step_waiting'
      step: string
      generation: number
      until?: number
      signal?: string
      message?: string
    }
  | {
      kind: 'item_ended'
      step: string
      generation: number
      item: number
      state: 'succeeded' | 'failed' | 'cancelled'
      task_id?: string
      workflow_id?: string
      cached?: true
      error?: ErrorFacts
    }
  /** The task that compensates a failed step; `error`: what failed it. */
  | { kind: 'compensation_started'; step: string; generation: number; task_id: string; error: ErrorFacts }
  | {
      kind: 'step_ended'
      step: string
      generation: number
      state: EndState
      task_id?: string
      workflow_id?: string
      /** Taken from the cache, no task ran. */
      cached?: true
      /** It failed (`error`) and goes on with another value: what depends on it runs. */
      continued?: true
      /** It failed, and so will the workflow. */
      fatal?: true
      /** Why it was skipped or cancelled, for a person. */
      reason?: string
      error?: ErrorFacts
    }
  | { kind: 'signalled'; signal: string; by: string }
  | { kind: 'cancel_requested'; by: string; reason: string }
  /** These steps, and all that follow on them, are `pending` again. `input`: with another input. */
  | { kind: 'rescheduled'; by: string; generation: number; steps: string[]; input?: true }
  | { kind: 'request_refused'; request: WorkflowRequestKind; error: ErrorFacts }
  | { kind: 'handover_began'; to: string; transfer: string }
  | { kind: 'handover_refused'; to: string; error: ErrorFacts }
  | { kind: 'handed_over'; to: string }
  /** The node that writes this took it from another one, with all events before. */
  | { kind: 'adopted'; from: string; transfer: string }
  /** Steps that have not ended are `cancelled` by it. */
  | { kind: 'ended'; state: 'succeeded' | 'failed' | 'cancelled'; error?: ErrorFacts }
)

/**
 * What anyone may ask of a workflow; written down first, then carried out by its owner, whoever that is then.
 * `by`: the principal's id. Bodies are named by `body`: a signal's payload, a reschedule's input.
 */
export type WorkflowRequest =
  | { kind: 'signal'; by: string; signal: string }
  | { kind: 'cancel'; by: string; reason: string }
  | { kind: 'reschedule'; by: string; steps: string[] }
  | { kind: 'hand_over'; by: string; to: string }

export type WorkflowRequestKind = WorkflowRequest['kind']

/**
 * What a body of a workflow is of. `item` only of an item of a `for_each`; a `for_each` has no body of its own, its output is that of its items.
 */
export type BodyKey =
  | { of: 'definition' }
  | { of: 'input'; generation: number }
  | { of: 'output'; step: string; generation: number; item?: number }
  /** The workflow's own output. */
  | { of: 'result' }
  /** The n-th payload (0, 1, …) of a signal. */
  | { of: 'signal'; signal: string; n: number }
  /** Inputs are kept only where they are not the params of a task: the list of a `for_each`. */
  | { of: 'items'; step: string; generation: number }

export type { Body }
