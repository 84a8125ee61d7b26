/** What is told of a workflow beside its head and its events. Times in epoch milliseconds. */
import type { ErrorFacts } from '../errors.ts'
import type { Json, JsonObject, JsonSchema } from '../tools/tool.ts'
import type { WorkflowDefinition } from './definition/definition.ts'
import type { PlanStep } from './definition/plan.ts'
import type { StepState, WorkflowState } from './workflow.ts'

export type StepKind = PlanStep['work']['kind']

/** What is asked to run. */
export interface WorkflowSubmission {
  /**
   * A definition (it has `steps`), or `{name, version?}` of a stored one (its latest version unless one is named): as
   * it came, whoever takes it parses it.
   */
  workflow: WorkflowDefinition | JsonObject
  /** Default `{}`. */
  input?: Json
  /** The same key of the same principal for an equal request is the same workflow; for another one a `conflict`. */
  idempotency_key?: string
  labels?: Record<string, string>
  metadata?: JsonObject
}

export interface WorkflowReceipt {
  workflow_id: string
  state: WorkflowState
  /** There was one with this idempotency key. */
  deduplicated: boolean
}

/** What a submit would run; nothing is kept of it. */
export interface DryRun {
  name: string
  definition_cid: string
  /** In the order of the definition. */
  steps: {
    id: string
    kind: StepKind
    tool?: string
    depends_on: string[]
    /** Steps of the longest chain that ends before it: it starts no earlier than as the (after + 1)-th of one. */
    after: number
  }[]
  /** Ids along the longest chain. */
  critical_path: string[]
  /** Ids so that each comes behind what it depends on. */
  order: string[]
}

export interface StepStatus {
  id: string
  /** Its place in the definition. */
  index: number
  title?: string
  kind: StepKind
  tool?: string
  state: StepState
  generation: number
  /** Ids of what has to end first: named by `depends_on` or referred to. */
  depends_on: string[]
  task_id?: string
  /** The child. */
  workflow_id?: string
  started_at?: number
  ended_at?: number
  /** Why it was skipped or cancelled, for a person. */
  reason?: string
  error?: ErrorFacts
  /** Taken from the cache, no task ran. */
  cached?: boolean
  /** It failed (`error`) and went on with another value. */
  continued?: boolean
  /** What it waits for: a time, or a signal; `message` and `schema` are for who gives that. */
  until?: number
  signal?: string
  message?: string
  schema?: JsonSchema
  /** Of a `for_each` that has started. */
  items?: ItemCounts
  compensation_task_id?: string
}

/** Those that are none of these have not started. */
export interface ItemCounts {
  total: number
  running: number
  succeeded: number
  failed: number
  cancelled: number
}

/** A step with what it got and gave, where that is known. */
export interface StepDetail extends StepStatus {
  /** The task's params, a child's input, or the list of a `for_each`. */
  input?: Json
  output?: Json
}

/** One item of a `for_each`. */
export interface ItemStatus {
  item: number
  state: 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled'
  task_id?: string
  workflow_id?: string
  cached?: boolean
  error?: ErrorFacts
}

/** A step that waits, as `StepStatus` says it. */
export type WaitingStep = Pick<StepStatus, 'until' | 'signal' | 'message' | 'schema'> & { step: string }

export interface WorkflowOutcome {
  workflow_id: string
  state: WorkflowState
  /** Of one that succeeded. */
  result?: Json
  error?: ErrorFacts
  failed_steps: number
  /** At most the first hundred steps that wait. */
  waiting_for?: WaitingStep[]
}

/** Who drives a workflow. */
export interface WorkflowOwner {
  /** `moving`: it is being handed to a node of another store; `moved`: that node has it; `ended`: nobody needs to. */
  state: 'owned' | 'unowned' | 'moving' | 'moved' | 'ended'
  engine?: string
  /** Peer id of the engine's node. */
  node?: string
  fence: number
  /** For a person. */
  why: string
  /** Peer id. */
  moved_to?: string
}
