/** What the `mesh://` resources hold. Times are ISO 8601 in UTC; durations carry their unit. */
import type { ErrorFacts } from '../errors.ts'
import type { Path } from '../mesh/session-contract.ts'
import type { TaskState } from '../queue/task.ts'
import type { Json, JsonObject } from '../tools/tool.ts'

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
  peers: { nodes: number; tabs: number }
  tools: { total: number; categories: number }
  tasks: Record<TaskState, number>
  /** Outcomes committed: since start, and in each of the last 60 seconds (oldest first). */
  throughput: { committed: number; per_second: number[] }
  calls: { total: number; failed: number; p50_ms: number | null; p99_ms: number | null }
  workers: { capacity: number; running: number }
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
  connected: boolean
  path?: Path
  direction?: 'inbound' | 'outbound'
  /** Smoothed round trip over the session, milliseconds. */
  rtt_ms?: number
  /** Attempts running there for us, and how many it allows. */
  running: number
  credits: number
  tools: number
  succeeded: number
  failed: number
  first_seen: string
  last_seen: string
}

export interface PeersView {
  peers: PeerView[]
}

export interface AttemptView {
  number: number
  fence: number
  peer_id: string
  state: string
  started_at: string
  ended_at?: string
  error?: ErrorFacts
}

/** One entry of `mesh://tasks` and of `p2p_taskqueue_list_tasks`. */
export interface TaskSummaryView {
  task_id: string
  state: TaskState
  tool: string
  priority: number
  created_at: string
  ended_at?: string
  attempts: number
  peer_id?: string
  progress?: { done: number; total?: number; message?: string }
  error?: ErrorFacts
}

/** `mesh://tasks`: what runs, then the newest tasks (at most 200 in all), and the counts by state. */
export interface TasksView {
  counts: Record<TaskState, number>
  tasks: TaskSummaryView[]
}

/** What `p2p_taskqueue_task_status` answers: one task with its attempts, without its bodies. */
export interface TaskStatusView extends Omit<TaskSummaryView, 'attempts' | 'peer_id'> {
  /** Who submitted it. */
  principal: string
  requires: string[]
  target?: string
  labels: Record<string, string>
  metadata: JsonObject
  queued_at?: string
  /** When a scheduled task, or the next try, may start. */
  run_at?: string
  deadline?: string
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
