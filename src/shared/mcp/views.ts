/** What the `mesh://` resources hold. Times are ISO 8601 in UTC; durations carry their unit. */
import type { Role } from '../authority/principal.ts'
import type { ErrorFacts } from '../errors.ts'
import type { Path } from '../mesh/session-contract.ts'
import type { AttemptState, ConcurrencyKey, RateKey, RetryPolicy, TaskState } from '../queue/task.ts'
import type { Json, JsonObject, JsonSchema, LogLine } from '../tools/tool.ts'
import type { ItemCounts, ItemStatus, StepKind, WorkflowOwner } from '../workflow/status.ts'
import type { ParentStep, StepState, WorkflowEvent, WorkflowState } from '../workflow/workflow.ts'

/** `mesh://overview` */
export interface OverviewView {
  name: string
  version: string
  peer_id: string
  multiaddrs: string[]
  started_at: string
  uptime_ms: number
  /** `ready`, or why the node takes no work. */
  state: 'ready' | 'draining' | 'degraded'
  /** Why it is degraded, for a person. */
  reason?: string
  peers: { nodes: number; tabs: number }
  tools: { total: number; categories: number }
  tasks: Record<TaskState, number>
  workflows: Record<WorkflowState, number>
  /** Outcomes committed: since start, and in each of the last 60 seconds (oldest first). */
  throughput: { committed: number; per_second: number[] }
  calls: { total: number; failed: number; p50_ms: number | null; p99_ms: number | null }
  workers: { capacity: number; running: number }
  /** Who reads it, and what they may do. */
  caller: { principal: string; roles: Role[] }
}

/** One entry of `mesh://peers`; `mesh://peers/{id}` is one of these too. This node is the first. */
export interface PeerView {
  peer_id: string
  self: boolean
  kind: 'node' | 'tab'
  name?: string
  agent?: string
  labels: string[]
  roles: string[]
  /** How far it is believed: holds or gave a grant, proved its id, is only told of, went over a limit. Absent for this node. */
  standing?: 'granted' | 'known' | 'heard' | 'barred'
  connected: boolean
  /** It said that it is ending. */
  draining: boolean
  path?: Path
  direction?: 'inbound' | 'outbound'
  /** Smoothed round trip over the session, milliseconds; the last one of a peer that is away. */
  rtt_ms?: number
  addresses: PeerAddressView[]
  /** The ways that its addresses lead by. */
  transports: Path[]
  /** Of its tools: peers of the same build have the same one. */
  catalogue_cid?: string
  /** How many tools it has; 0 while its catalogue is not known here. */
  tools: number
  /** Attempts that it says it runs at once, and how many of these were taken when it said so. */
  capacity?: number
  load?: number
  /** Attempts running there for us, and how many it allows. */
  running: number
  credits: number
  succeeded: number
  failed: number
  first_seen: string
  last_seen: string
}

/** An address of a peer. */
export interface PeerAddressView {
  /** Multiaddr. */
  address: string
  path?: Path
  /** Who told of it, as `announced` (the peer itself) or `mdns`. */
  sources: string[]
  /** When a dial last worked, and dials that failed since. */
  last_success?: string
  failures: number
  /** Milliseconds of a dial, smoothed. */
  dial_ms?: number
}

export interface PeersView {
  peers: PeerView[]
}

export interface LogLineView extends LogLine {
  at: string
}

export interface AttemptView {
  number: number
  fence: number
  peer_id: string
  /** How it ended, or `running`. */
  state: AttemptState
  started_at: string
  ended_at?: string
  error?: ErrorFacts
  /** Its last log lines; of the one that runs, those that were heard so far. */
  logs?: LogLineView[]
}

/** One entry of `mesh://tasks` and of `p2p_taskqueue_list_tasks`. */
export interface TaskSummaryView {
  task_id: string
  state: TaskState
  tool: string
  priority: number
  /** The submitter's own; absent where there are none. */
  labels?: Record<string, string>
  created_at: string
  /** When a scheduled task, or the next try, may start. */
  run_at?: string
  ended_at?: string
  attempts: number
  /** Peer of the latest attempt. */
  peer_id?: string
  progress?: { done: number; total?: number; message?: string }
  error?: ErrorFacts
}

/** A standing pause: of one tool, of a category, or of the whole queue where it names neither. */
export interface PauseView {
  tool?: string
  category?: string
  since: string
}

/** `mesh://tasks`: what runs, then the newest tasks (at most 200 in all), and the counts by state. */
export interface TasksView {
  counts: Record<TaskState, number>
  tasks: TaskSummaryView[]
  /** Empty, like `waiting_for`, for a caller that sees only its own tasks. */
  pauses: PauseView[]
  /** Ready tasks that no free worker would help, and what they wait for. */
  waiting_for: { tool: string; tasks: number; missing: string }[]
}

/** What `p2p_taskqueue_task_status` answers: one task with its attempts, without its bodies. */
export interface TaskStatusView extends Omit<TaskSummaryView, 'attempts' | 'peer_id' | 'labels'> {
  /** Who submitted it. */
  principal: string
  requires: string[]
  target?: string
  any_build: boolean
  idempotency_key?: string
  /** The ended task that it repeats. */
  resubmitted_from?: string
  labels: Record<string, string>
  metadata: JsonObject
  queued_at?: string
  queue_timeout_ms?: number
  attempt_timeout_ms: number
  deadline?: string
  retry: RetryPolicy
  concurrency?: ConcurrencyKey
  rate?: RateKey
  /** What a queued task waits for, when more than a free worker. */
  waiting_for?: string
  attempts: AttemptView[]
}

/** `mesh://tasks/{id}` */
export interface TaskView extends TaskStatusView {
  params: JsonObject
  result?: Json
}

/** One entry of `mesh://tools`. */
export interface ToolView {
  name: string
  category: string
  title: string
  description: string
  platforms: string[]
  /** `pure`, `idempotent` or `once`: what running it twice does. */
  repeat: string
  /** What it reaches outside its own memory. */
  reach: string[]
  interface_cid: string
  code_cid: string
}

/** `mesh://tools`: the catalogue that runs on the mesh. */
export interface ToolsView {
  tools: ToolView[]
}

/** One change of a task. */
export interface TaskEventView {
  seq: number
  task_id: string
  state: TaskState
  at: string
  tool: string
  /** Peer of the latest attempt. */
  peer_id?: string
  fence: number
}

/** `mesh://task-events/{after}`: changes behind a position, oldest first. */
export interface TaskEventsView {
  events: TaskEventView[]
  /** Read on behind this position. */
  next: number
  /** The latest position; there is more to read while `next` is below it. */
  last: number
  /** Position of the oldest change that is kept: who was before `oldest - 1` has missed some. */
  oldest: number
}

/** One entry of `mesh://workflows` and of `p2p_workflow_list`. */
export interface WorkflowSummaryView {
  workflow_id: string
  name: string
  /** Of the stored definition that it was started by. */
  version?: string
  state: WorkflowState
  principal: string
  /** The submitter's own; absent where there are none. */
  labels?: Record<string, string>
  created_at: string
  changed_at: string
  ended_at?: string
  /** Grows with each reschedule, from 1. */
  generation: number
  /** How many steps are in each state. */
  step_counts: Record<StepState, number>
  /** Failed steps that did not fail it. */
  failed_steps: number
  error?: ErrorFacts
  /** The step of another workflow that it is. */
  parent?: ParentStep
}

/** `mesh://workflows`: those that are open, then the newest (at most 100 in all), without children; and the counts by state. */
export interface WorkflowsView {
  /** Of all workflows, children too; of those that are shown, for a caller that sees only its own. */
  counts: Record<WorkflowState, number>
  workflows: WorkflowSummaryView[]
}

/** One step as `mesh://workflows/{id}` and `p2p_workflow_status` show it. */
export interface StepView {
  id: string
  /** Its place in the definition, from 0. */
  index: number
  title?: string
  /** `task` (a tool), `workflow` (a child), or what it waits for: `wait` (milliseconds), `until` (a time), `signal`. */
  kind: StepKind
  tool?: string
  state: StepState
  generation: number
  /** Ids of the steps that have to end first. */
  depends_on: string[]
  /** Its attempts: `p2p_taskqueue_task_status`. */
  task_id?: string
  /** The child. */
  workflow_id?: string
  started_at?: string
  ended_at?: string
  /** Why it was skipped or cancelled. */
  reason?: string
  error?: ErrorFacts
  /** Its result was taken from the cache; no task ran. */
  cached?: boolean
  /** It failed (`error`) and went on with another value. */
  continued?: boolean
  /** What a waiting step waits for: a time, or a signal with what its sender is asked, and how the payload must be. */
  until?: string
  signal?: string
  message?: string
  schema?: JsonSchema
  /** Of a `for_each` that has started; those that are none of these have not. */
  items?: ItemCounts
  compensation_task_id?: string
}

/** What `p2p_workflow_status` answers for one step: with what it got and gave, where that is known. */
export interface StepDetailView extends StepView {
  input?: Json
  output?: Json
}

/** One item of a `for_each`. */
export type ItemView = ItemStatus

/** A step that waits, and what for. */
export interface WaitingStepView {
  step: string
  until?: string
  signal?: string
  message?: string
  schema?: JsonSchema
}

/** `mesh://workflows/{id}` and what `p2p_workflow_status` answers: a workflow with its steps, or a page of them. */
export interface WorkflowView extends Omit<WorkflowSummaryView, 'labels'> {
  labels: Record<string, string>
  metadata: JsonObject
  idempotency_key?: string
  definition_cid: string
  /** The outermost workflow of its family, itself where it has no parent. */
  root_id: string
  /** Of its latest event. */
  seq: number
  owner: WorkflowOwner
  /** In the order of the definition; at most 1,000 on a page. */
  steps: StepView[]
  /** There are more: `p2p_workflow_status` with this `after`. */
  next_after?: number
}

/** A change of a workflow, as its store keeps it, with ISO times. */
export type WorkflowEventView = WithIsoTimes<WorkflowEvent>

type WithIsoTimes<E> = E extends { at: number }
  ? { [K in keyof E]: K extends 'at' ? string : K extends 'until' ? string : E[K] }
  : never

/** `mesh://workflow-events/{id}/{after}`: changes of one workflow behind a position, oldest first. */
export interface WorkflowEventsView {
  workflow_id: string
  events: WorkflowEventView[]
  /** Read on behind this position. */
  next: number
  /** The latest position; there is more to read while `next` is below it. */
  last: number
}

/** `p2p_workflow_get_dag` as JSON: the graph, its times, and the chain that took (or will take) longest. */
export interface DagView {
  workflow_id: string
  name: string
  state: WorkflowState
  nodes: DagNodeView[]
  edges: { from: string; to: string; critical: boolean }[]
  critical_path: {
    steps: string[]
    /** Milliseconds that the steps on it took so far. */
    duration_ms: number
  }
  /** Steps that are not among the nodes. */
  left_out: number
}

export interface DagNodeView {
  id: string
  title?: string
  kind: StepKind
  tool?: string
  state: StepState
  /** On the critical path. */
  critical: boolean
  started_at?: string
  ended_at?: string
  /** Milliseconds from its start to its end, or to now while it runs. */
  duration_ms?: number
  items?: ItemCounts
}
