import { z } from 'zod'
import type { ConcurrencyKey, RateKey, TaskHead } from '../task.ts'

/** What a task needs of the worker that runs it. */
export interface LaneNeeds {
  tool: string
  /** Build of the tool; absent: any build will do. */
  code_cid?: string
  /** Peer id that must run it. */
  target?: string
  /** Labels that the peer must have, sorted. */
  requires: string[]
}

/**
 * A line of waiting tasks that are alike in all that decides who may run them and when. Inside a lane they are served
 * in the order in which they were made.
 */
export interface Lane {
  /** 1 to 10, 10 first. */
  priority: number
  needs: LaneNeeds
  principal: string
  concurrency?: ConcurrencyKey
  rate?: RateKey
}

const Key = z.tuple([
  z.int(),
  z.string(),
  z.string().nullable(),
  z.string().nullable(),
  z.array(z.string()),
  z.string(),
  z.tuple([z.string(), z.int()]).nullable(),
  z.tuple([z.string(), z.int(), z.int()]).nullable(),
])

/** The lane of a task, whether or not it waits there now. Equal lanes have equal keys. */
export function laneKey(task: TaskHead): string {
  const { priority, tool, code_cid, any_build, target, requires, principal, concurrency, rate } = task
  return JSON.stringify([
    priority,
    tool,
    any_build ? null : code_cid,
    target ?? null,
    requires,
    principal,
    concurrency === undefined ? null : [concurrency.key, concurrency.limit],
    rate === undefined ? null : [rate.key, rate.limit, rate.per_ms],
  ])
}

/** The lane in which a task waits now; undefined while it does not. */
export function waitingLane(task: TaskHead): string | undefined {
  return isWaiting(task) ? laneKey(task) : undefined
}

/** Whether a task stands in its lane: it could run now if a worker had it. A retry that is held back does not. */
export function isWaiting(task: Pick<TaskHead, 'state' | 'run_at'>): boolean {
  return task.state === 'queued' && task.run_at === undefined
}

/** What a key of `laneKey` says. */
export function parseLane(key: string): Lane {
  const [priority, tool, code_cid, target, requires, principal, concurrency, rate] = Key.parse(
    JSON.parse(key),
  )
  const lane: Lane = { priority, needs: { tool, requires }, principal }
  if (code_cid !== null) lane.needs.code_cid = code_cid
  if (target !== null) lane.needs.target = target
  if (concurrency !== null) lane.concurrency = { key: concurrency[0], limit: concurrency[1] }
  if (rate !== null) lane.rate = { key: rate[0], limit: rate[1], per_ms: rate[2] }
  return lane
}
