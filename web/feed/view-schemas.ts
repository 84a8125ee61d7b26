import { z } from 'zod'
import type { ErrorFacts } from '../../src/shared/errors.ts'
import type {
  AttemptView,
  LogLineView,
  OverviewView,
  PauseView,
  PeersView,
  PeerView,
  TaskSummaryView,
  TasksView,
  TaskView,
} from '../../src/shared/mcp/views.ts'

const count = z.number().int().nonnegative()

const states = ['scheduled', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired'] as const
const taskState = z.enum(states)
const taskCounts = z.object({
  scheduled: count,
  queued: count,
  running: count,
  succeeded: count,
  failed: count,
  cancelled: count,
  expired: count,
})

/** What an error tells a person; the code is shown as it comes, so a newer node's code is not refused. */
export type ErrorView = Pick<ErrorFacts, 'message'> & { code: string; field?: string; allowed?: string }

export const errorView: z.ZodType<ErrorView> = z.object({
  code: z.string(),
  message: z.string(),
  field: z.string().exactOptional(),
  allowed: z.string().exactOptional(),
})

const progress = z.object({
  done: z.number(),
  total: z.number().exactOptional(),
  message: z.string().exactOptional(),
})

export const overviewSchema: z.ZodType<OverviewView> = z.object({
  name: z.string(),
  version: z.string(),
  peer_id: z.string(),
  multiaddrs: z.array(z.string()),
  started_at: z.string(),
  uptime_ms: z.number(),
  state: z.enum(['ready', 'draining', 'degraded']),
  reason: z.string().exactOptional(),
  peers: z.object({ nodes: count, tabs: count }),
  tools: z.object({ total: count, categories: count }),
  tasks: taskCounts,
  workflows: z.object({ running: count, waiting: count, succeeded: count, failed: count, cancelled: count }),
  throughput: z.object({ committed: count, per_second: z.array(z.number()) }),
  calls: z.object({
    total: count,
    failed: count,
    p50_ms: z.number().nullable(),
    p99_ms: z.number().nullable(),
  }),
  workers: z.object({ capacity: count, running: count }),
  caller: z.object({ principal: z.string(), roles: z.array(z.enum(['read', 'work', 'submit', 'admin'])) }),
})

const path = z.enum(['tcp', 'websocket', 'webrtc-direct', 'webrtc', 'webtransport', 'relay'])

const peer: z.ZodType<PeerView> = z.object({
  peer_id: z.string(),
  self: z.boolean(),
  kind: z.enum(['node', 'tab']),
  name: z.string().exactOptional(),
  agent: z.string().exactOptional(),
  labels: z.array(z.string()),
  roles: z.array(z.string()),
  standing: z.enum(['granted', 'known', 'heard', 'barred']).exactOptional(),
  connected: z.boolean(),
  draining: z.boolean(),
  path: path.exactOptional(),
  direction: z.enum(['inbound', 'outbound']).exactOptional(),
  rtt_ms: z.number().exactOptional(),
  addresses: z.array(
    z.object({
      address: z.string(),
      path: path.exactOptional(),
      sources: z.array(z.string()),
      last_success: z.string().exactOptional(),
      failures: count,
      dial_ms: z.number().exactOptional(),
    }),
  ),
  transports: z.array(path),
  catalogue_cid: z.string().exactOptional(),
  tools: count,
  capacity: count.exactOptional(),
  load: count.exactOptional(),
  running: count,
  credits: count,
  succeeded: count,
  failed: count,
  first_seen: z.string(),
  last_seen: z.string(),
})

export const peersSchema: z.ZodType<PeersView> = z.object({ peers: z.array(peer) })

/** A task as `mesh://tasks` lists it. */
export type TaskRow = Omit<TaskSummaryView, 'error'> & { error?: ErrorView }

const taskRow: z.ZodType<TaskRow> = z.object({
  task_id: z.string(),
  state: taskState,
  tool: z.string(),
  priority: z.number(),
  created_at: z.string(),
  ended_at: z.string().exactOptional(),
  attempts: count,
  peer_id: z.string().exactOptional(),
  progress: progress.exactOptional(),
  error: errorView.exactOptional(),
})

export type TaskList = Omit<TasksView, 'tasks'> & { tasks: TaskRow[] }

const pause: z.ZodType<PauseView> = z.object({
  tool: z.string().exactOptional(),
  category: z.string().exactOptional(),
  since: z.string(),
})

export const tasksSchema: z.ZodType<TaskList> = z.object({
  counts: taskCounts,
  tasks: z.array(taskRow),
  pauses: z.array(pause),
  waiting_for: z.array(z.object({ tool: z.string(), tasks: count, missing: z.string() })),
})

/** Answer of a tool of which the page wants only that it worked. */
export const doneSchema = z.object({})

/** Answer of `p2p_taskqueue_resubmit` for one task. */
export const resubmittedSchema = z.object({ task_id: z.string() })

/** Answer of `p2p_taskqueue_resubmit` for many tasks. */
export const allResubmittedSchema = z.object({
  tasks: z.array(z.object({ task_id: z.string().exactOptional(), error: errorView.exactOptional() })),
})

/** Answer of `p2p_taskqueue_list_tasks`. */
export const taskPageSchema = z.object({ tasks: z.array(taskRow) })

/** A log line of an attempt, as a person reads it. */
export type LogLine = Pick<LogLineView, 'message' | 'at'> & { level: string }

const logLine = z.object({ level: z.string(), message: z.string(), at: z.string() })

/** `mesh://tasks/{id}`: as much of one task as the page shows. */
export type TaskDetails = Pick<
  TaskView,
  | 'task_id'
  | 'state'
  | 'tool'
  | 'priority'
  | 'created_at'
  | 'ended_at'
  | 'run_at'
  | 'waiting_for'
  | 'resubmitted_from'
  | 'requires'
  | 'labels'
> & {
  attempts: (Omit<AttemptView, 'state' | 'error' | 'logs'> & {
    state: string
    error?: ErrorView
    logs?: LogLine[]
  })[]
  error?: ErrorView
  result?: unknown
}

export const taskDetailsSchema: z.ZodType<TaskDetails> = z.object({
  task_id: z.string(),
  state: taskState,
  tool: z.string(),
  priority: z.number(),
  created_at: z.string(),
  ended_at: z.string().exactOptional(),
  run_at: z.string().exactOptional(),
  waiting_for: z.string().exactOptional(),
  resubmitted_from: z.string().exactOptional(),
  requires: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
  attempts: z.array(
    z.object({
      number: count,
      fence: count,
      peer_id: z.string(),
      state: z.string(),
      started_at: z.string(),
      ended_at: z.string().exactOptional(),
      error: errorView.exactOptional(),
      logs: z.array(logLine).exactOptional(),
    }),
  ),
  error: errorView.exactOptional(),
  result: z.unknown().exactOptional(),
})

/** `mesh://schedules`, as far as the page shows it. */
export const schedulesSchema = z.object({
  schedules: z.array(
    z.object({
      name: z.string(),
      cron: z.string(),
      timezone: z.string(),
      task: z.object({ tool: z.string() }),
      enabled: z.boolean(),
      next_at: z.string().exactOptional(),
      last: z
        .object({
          at: z.string(),
          task_id: z.string().exactOptional(),
          error: errorView.exactOptional(),
          skipped: z.string().exactOptional(),
        })
        .exactOptional(),
      ticks: count,
      skipped: count,
    }),
  ),
})
export type ScheduleRow = z.infer<typeof schedulesSchema>['schedules'][number]

/** Answer of `p2p_invite_create`, as far as the page uses it. */
export const inviteSchema = z.object({ url: z.url(), expires_at: z.string() })
