import { QueueFullError } from '../../queue/errors.ts'
import type { WorkflowRequest } from '../workflow.ts'
import { MAX_REQUESTS } from './store.ts'

/** Places that are kept for a cancel, so that it can be asked for however much else is. */
const FOR_CANCEL = 10
const RETRY_MS = 1_000

export function hasRequestRoom(waiting: number, { kind }: Pick<WorkflowRequest, 'kind'>): boolean {
  return waiting < (kind === 'cancel' ? MAX_REQUESTS : MAX_REQUESTS - FOR_CANCEL)
}

/** Throws `queue_full` where as many requests of a workflow wait for its owner as may. */
export function ensureRequestRoom(waiting: number, request: Pick<WorkflowRequest, 'kind'>): void {
  if (!hasRequestRoom(waiting, request)) throw requestsFull()
}

export function requestsFull(): QueueFullError {
  return new QueueFullError('what was asked of the workflow before waits to be carried out', RETRY_MS)
}
