/** Largest `max_attempts` of a task. */
export const MAX_ATTEMPTS = 100

/** Attempts kept in a task's history: all that can count (100) and some that were given back. */
export const ATTEMPTS_KEPT = MAX_ATTEMPTS + 20

/** What a queue allows, each with its reason. All can be set by whoever composes the queue. */
export interface QueueLimits {
  /** Tasks not ended: what waits costs no memory, but the disk is not without end. */
  liveTasks: number
  /** Lanes in which tasks wait or run, each some 3 KiB in memory; tasks that are alike share one. */
  lanes: number
  /** Needs (tool, build, target, labels) of waiting tasks that differ: who looks for work looks at each it can meet. */
  kinds: number
  /** Tasks in one submit, so that one request cannot hold up the others. */
  tasksPerSubmit: number
  /** Commands waiting for the store; beyond it a submit is `queue_full`. */
  pendingCommands: number
  /** Commands in one transaction: where batching more gains little and delays the first. */
  commandsPerCommit: number
  /** Entries of one page of a list. */
  listPage: number
  /** Results waited for at once, each an open request. */
  resultWaiters: number
  /** Longest wait for a result, milliseconds: under the idle limits of proxies. */
  resultWaitMs: number
  /** How long an ended task is kept, milliseconds. */
  retentionMs: number
  /** Workers announced at once. */
  workers: number
  /** Credits of one worker. */
  creditsPerWorker: number
  /** Bytes of large params that are with workers at once: in memory each costs three to four times its size. */
  largeInputBytes: number
}

export const DEFAULT_QUEUE_LIMITS: QueueLimits = {
  liveTasks: 1_000_000,
  lanes: 100_000,
  kinds: 5_000,
  tasksPerSubmit: 1_000,
  pendingCommands: 20_000,
  commandsPerCommit: 512,
  listPage: 200,
  resultWaiters: 10_000,
  resultWaitMs: 50_000,
  retentionMs: 7 * 24 * 60 * 60 * 1000,
  workers: 1_000,
  creditsPerWorker: 1_024,
  largeInputBytes: 128 * 1024 * 1024,
}
