/** What there is: the queue, one task, lists of tasks, workers and peers. */
import { z } from 'zod'
import type { Action, Work } from '../actions.ts'
import type { Invocation } from '../command.ts'
import { given, integerFlag, labelsFlag, listFlag, textFlag } from '../flag-values.ts'
import { printJson, printLine, printTable } from '../output.ts'

export const SHOW_ACTIONS = {
  status: {
    usage: '[<task>]',
    summary: 'the queue, or one task with its attempts and logs',
    words: [0, 1],
    plan: status,
  },
  list: {
    usage: '',
    summary: 'tasks, newest first; the dead letters are --state failed',
    words: [0, 0],
    plan: list,
  },
  workers: { usage: '[<peer>]', summary: 'what each worker runs and has run', words: [0, 1], plan: workers },
  peers: {
    usage: '',
    summary: 'who could run a task of --tool with --requires and --target',
    words: [0, 0],
    plan: peers,
  },
} satisfies Record<string, Action>

type Flags = Invocation['flags']

const queueSchema = z.looseObject({
  state: z.string(),
  failure: z.string().optional(),
  counts: z.record(z.string(), z.number()),
  ready: z.number(),
  waiting_for: z.array(z.object({ tool: z.string(), tasks: z.number(), missing: z.string() })),
  pauses: z.array(
    z.object({ tool: z.string().optional(), category: z.string().optional(), since: z.string() }),
  ),
})

function status([task]: readonly string[], flags: Flags): Work {
  if (task !== undefined) return taskStatus(task, flags)
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_status', {}, queueSchema)
    if (flags.has('json')) return printJson(answer)
    const { state, failure, counts, waiting_for, pauses } = answer
    if (state !== 'ready') printLine(failure === undefined ? state : `${state}: ${failure}`)
    printTable(
      ['state', 'tasks'],
      Object.entries(counts).map(([state, count]) => [state, String(count)]),
    )
    for (const { tool, tasks, missing } of waiting_for) printLine(`${tasks} of ${tool} wait for ${missing}`)
    for (const { tool, category, since } of pauses) {
      printLine(
        `paused since ${since}: ${tool ?? (category === undefined ? 'everything' : `category ${category}`)}`,
      )
    }
  }
}

const taskSchema = z.looseObject({
  task_id: z.string(),
  state: z.string(),
  tool: z.string(),
  priority: z.number(),
  waiting_for: z.string().optional(),
  run_at: z.string().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
  progress: z
    .object({ done: z.number(), total: z.number().optional(), message: z.string().optional() })
    .optional(),
  attempts: z.array(
    z.looseObject({
      number: z.number(),
      state: z.string(),
      peer_id: z.string(),
      started_at: z.string(),
      ended_at: z.string().optional(),
      error: z.looseObject({ message: z.string() }).optional(),
      logs: z.array(z.looseObject({ at: z.string(), level: z.string(), message: z.string() })).optional(),
    }),
  ),
})

function taskStatus(task: string, flags: Flags): Work {
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_task_status', { task_id: task }, taskSchema)
    if (flags.has('json')) return printJson(answer)
    const { state, tool, priority, waiting_for, run_at, error, progress, attempts } = answer
    printLine(`${task}  ${state}  ${tool}  priority ${priority}`)
    if (waiting_for !== undefined) printLine(`waits for ${waiting_for}`)
    if (run_at !== undefined) printLine(`not before ${run_at}`)
    if (progress !== undefined) {
      const total = progress.total === undefined ? '' : ` of ${progress.total}`
      printLine(`progress ${progress.done}${total} ${progress.message ?? ''}`.trimEnd())
    }
    if (error !== undefined) printLine(error.message)
    if (attempts.length === 0) return
    printTable(
      ['attempt', 'state', 'peer', 'started', 'ended', 'error'],
      attempts.map(each => [
        String(each.number),
        each.state,
        each.peer_id,
        each.started_at,
        each.ended_at ?? '',
        each.error?.message ?? '',
      ]),
    )
    for (const { at, level, message } of attempts.flatMap(({ logs = [] }) => logs)) {
      printLine(`${at}  ${level}  ${message}`)
    }
  }
}

const listSchema = z.looseObject({
  tasks: z.array(
    z.looseObject({
      task_id: z.string(),
      state: z.string(),
      tool: z.string(),
      created_at: z.string(),
      attempts: z.number(),
      peer_id: z.string().optional(),
    }),
  ),
  next_cursor: z.string().optional(),
})

function list(_words: readonly string[], flags: Flags): Work {
  const input = given({
    state: listFlag(flags, 'state'),
    tool: textFlag(flags, 'tool'),
    labels: labelsFlag(flags, 'labels'),
    created_from: textFlag(flags, 'from'),
    created_until: textFlag(flags, 'until'),
    sort: textFlag(flags, 'sort'),
    order: textFlag(flags, 'order'),
    cursor: textFlag(flags, 'cursor'),
    limit: integerFlag(flags, 'limit', 1),
  })
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_list_tasks', input, listSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['task', 'state', 'tool', 'created', 'attempts', 'peer'],
      answer.tasks.map(({ task_id, state, tool, created_at, attempts, peer_id = '' }) => {
        return [task_id, state, tool, created_at, String(attempts), peer_id]
      }),
    )
    if (answer.next_cursor !== undefined) printLine(`more: --cursor ${answer.next_cursor}`)
  }
}

const workersSchema = z.looseObject({
  workers: z.array(
    z.looseObject({
      peer_id: z.string(),
      running: z.number(),
      credits: z.number(),
      succeeded: z.number(),
      failed: z.number(),
      lost: z.number(),
      p50_ms: z.number().optional(),
      p99_ms: z.number().optional(),
    }),
  ),
})

function workers([peer]: readonly string[], flags: Flags): Work {
  const input = given({ peer_id: peer })
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_worker_stats', input, workersSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['peer', 'running', 'succeeded', 'failed', 'lost', 'p50', 'p99'],
      answer.workers.map(({ peer_id, running, credits, succeeded, failed, lost, p50_ms, p99_ms }) => [
        peer_id,
        `${running}/${credits}`,
        ...[succeeded, failed, lost].map(String),
        ...[p50_ms, p99_ms].map(ms => (ms === undefined ? '' : `${ms.toFixed(1)} ms`)),
      ]),
    )
  }
}

const peersSchema = z.looseObject({
  peers: z.array(
    z.looseObject({
      peer_id: z.string(),
      able: z.boolean(),
      free: z.number(),
      labels: z.array(z.string()),
      lacks: z.array(z.string()),
    }),
  ),
})

function peers(_words: readonly string[], flags: Flags): Work {
  const input = given({
    tool: textFlag(flags, 'tool'),
    requires: listFlag(flags, 'requires'),
    target: textFlag(flags, 'target'),
  })
  return async mesh => {
    const answer = await mesh.ask('p2p_taskqueue_discover_peers', input, peersSchema)
    if (flags.has('json')) return printJson(answer)
    printTable(
      ['peer', 'free', 'labels', 'lacks'],
      answer.peers.map(({ peer_id, able, free, labels, lacks }) => {
        return [peer_id, able ? String(free) : '-', labels.join(','), lacks.join(', ')]
      }),
    )
  }
}
