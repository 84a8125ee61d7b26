/** What a pool and its workers say to each other; structured clones, so plain JSON values only. */
import { ERROR_TABLE, type ErrorFacts } from '../errors.ts'
import type { Json, LogLine, Progress } from '../tools/tool.ts'

export type ToWorker =
  | { kind: 'run'; call: number; tool: string; module: string; input: Json }
  | { kind: 'cancel'; call: number }

export type FromWorker =
  /** Sent once, before anything runs: a worker that dies earlier has run nothing. */
  | { kind: 'ready' }
  | { kind: 'progress'; call: number; progress: Progress }
  | { kind: 'log'; call: number; line: LogLine }
  | { kind: 'done'; call: number; output: Json }
  | { kind: 'failed'; call: number; error: ErrorFacts }

/**
 * Whether a value is a message of a worker. Checked by hand, not by a schema: it stands on the path of every
 * call, and `output` is already validated against its schema in the worker.
 */
export function isFromWorker(value: unknown): value is FromWorker {
  if (!isRecord(value)) return false
  if (value.kind === 'ready') return true
  if (!Number.isInteger(value.call)) return false
  switch (value.kind) {
    case 'done':
      return value.output !== undefined
    case 'failed':
      return isFacts(value.error)
    case 'progress':
      return isProgress(value.progress)
    case 'log':
      return isRecord(value.line) && isLevel(value.line.level) && typeof value.line.message === 'string'
    default:
      return false
  }
}

/** Whether a value is a message of a pool; the worker drops anything else. */
export function isToWorker(value: unknown): value is ToWorker {
  if (!isRecord(value) || !Number.isInteger(value.call)) return false
  if (value.kind === 'cancel') return true
  return value.kind === 'run' && typeof value.tool === 'string' && typeof value.module === 'string'
}

function isFacts(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.code === 'string' &&
    value.code in ERROR_TABLE &&
    typeof value.message === 'string'
  )
}

function isProgress(value: unknown): boolean {
  return isRecord(value) && typeof value.done === 'number'
}

function isLevel(value: unknown): boolean {
  return value === 'debug' || value === 'info' || value === 'warning' || value === 'error'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
