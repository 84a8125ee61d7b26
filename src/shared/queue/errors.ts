import { ToolmeshError } from '../errors.ts'

/** No task by this id in the store. */
export class TaskNotFoundError extends ToolmeshError {
  constructor(taskId: string) {
    super('not_found', `there is no task ${taskId.slice(0, 80)}`, { field: '/task_id', value: taskId })
  }
}

/** The idempotency key belongs to a task that asked for something else. */
export class IdempotencyConflictError extends ToolmeshError {
  constructor(key: string, taskId: string) {
    super(
      'conflict',
      `idempotency_key ${JSON.stringify(key)} belongs to task ${taskId}, which asked for something else`,
      {
        field: '/idempotency_key',
        value: key,
      },
    )
  }
}

/** A task of a workflow that another engine drives by now. */
export class StaleGuardError extends ToolmeshError {
  constructor(workflowId: string, fence: number) {
    super('stale_fence', `workflow ${workflowId} is not its submitter's any more (fence ${fence})`)
  }
}

/** The queue takes no more for now. */
export class QueueFullError extends ToolmeshError {
  constructor(what: string, retryAfterMs: number) {
    super('queue_full', what, { retry_after_ms: retryAfterMs })
  }
}

/** The task has ended, so this change of it is refused. */
export class TaskEndedError extends ToolmeshError {
  constructor(taskId: string, state: string) {
    super('conflict', `task ${taskId} has ended: ${state}`, { field: '/task_id', value: taskId })
  }
}

/** The queue is draining or closed. */
export class QueueClosedError extends ToolmeshError {
  constructor() {
    super('unavailable', 'the queue is shutting down')
  }
}

/** The store cannot write or read (disk full, read-only, closed); nothing of the request was kept. */
export class StoreUnavailableError extends ToolmeshError {
  constructor(what: string, cause?: unknown) {
    super('unavailable', `task store: ${what}`, { cause })
  }
}

/** The store's file is held by another process. */
export class StoreInUseError extends ToolmeshError {
  constructor(path: string) {
    super('conflict', `dataDir in use: ${path} is open in another process`, { field: 'dataDir', value: path })
  }
}

/** The store's file was written by a newer toolmesh, or is no task store. */
export class StoreFormatError extends ToolmeshError {
  constructor(path: string, found: string, allowed: string) {
    super('conflict', `${path}: ${found}, this version reads ${allowed}`, {
      field: 'dataDir',
      value: path,
      allowed,
    })
  }
}

/** The link to a worker dropped under a call: the attempt itself may go on. Never an outcome. */
export class LinkLostError extends ToolmeshError {
  constructor(peerId: string) {
    super('unavailable', `the session with ${peerId} ended`)
  }
}

/** A body is not among the blobs. */
export class BlobNotFoundError extends ToolmeshError {
  constructor(cid: string) {
    super('not_found', `there is no blob ${cid.slice(0, 80)}`, { value: cid })
  }
}

/** A blob cannot be written, read or deleted, or what is there is not what its CID says. */
export class BlobUnavailableError extends ToolmeshError {
  constructor(what: string, cause?: unknown) {
    super('unavailable', `blob store: ${what}`, { cause })
  }
}

/** No schedule of the principal by this name. */
export class ScheduleNotFoundError extends ToolmeshError {
  constructor(name: string) {
    super('not_found', `there is no schedule ${JSON.stringify(name.slice(0, 128))}`, {
      field: '/name',
      value: name,
    })
  }
}

/** As many schedules as are allowed are kept already. */
export class ScheduleLimitError extends ToolmeshError {
  constructor(limit: string) {
    super('conflict', `too many schedules: at most ${limit}; remove one first`)
  }
}

/** Only a task that has ended can be submitted once more. */
export class TaskNotEndedError extends ToolmeshError {
  constructor(taskId: string, state: string) {
    super('conflict', `task ${taskId} has not ended: ${state}`, { field: '/task_id', value: taskId })
  }
}

/** The task has started, so it keeps what it asked for. */
export class TaskStartedError extends ToolmeshError {
  constructor(taskId: string, state: string) {
    super(
      'conflict',
      `task ${taskId} has started (${state}): only its priority can change, between attempts`,
      {
        field: '/task_id',
        value: taskId,
      },
    )
  }
}

/** The peer has announced no work here. */
export class WorkerNotFoundError extends ToolmeshError {
  constructor(peerId: string) {
    super('not_found', `peer ${peerId.slice(0, 80)} has announced nothing here`, {
      field: '/peer_id',
      value: peerId,
    })
  }
}
