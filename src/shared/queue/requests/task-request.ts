import { z } from 'zod'
import { cidOf } from '../../artifacts/cid.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Json, ToolDescriptor } from '../../tools/tool.ts'
import { validateAgainst } from '../../tools/validate.ts'
import type { JsonText } from '../states/commands.ts'
import type { RetryPolicy, TaskHead, TaskRequest } from '../task.ts'
import { deadlineOf, parseOptions, shallowJson, startOf, taskOptions } from './task-options.ts'

const DEFAULT_ATTEMPT_TIMEOUT_MS = 10 * 60 * 1000
const DEFAULT_PRIORITY = 5
const DEFAULT_RETRY: RetryPolicy = {
  max_attempts: 5,
  base_delay_ms: 500,
  max_delay_ms: 60_000,
  always: false,
}

const Options = z.strictObject(taskOptions)

export interface TaskOrigin {
  task_id: string
  principal: string
  /** Epoch milliseconds. */
  at: number
  /** The ended task that this one repeats. */
  resubmitted_from?: string
  /** An idempotency key that no client can give; a repeat of it is the same task whatever it asks for. */
  reserved_key?: string
}

/**
 * The new task that a request asks for. `params` are checked against the tool's schema.
 * Throws `invalid_input` that names the field (a JSON Pointer below the request), the value and what is allowed.
 */
export function taskFromRequest(
  { tool, params, ...rest }: TaskRequest,
  descriptor: ToolDescriptor,
  origin: TaskOrigin,
): { task: TaskHead; params: JsonText } {
  const options = Object.keys(rest).length === 0 ? {} : parseOptions(Options, rest)
  const made = taskOf(params, options, descriptor, origin)
  const { task } = made
  if (origin.reserved_key !== undefined) {
    task.idempotency_key = origin.reserved_key
    task.request_cid = cidOf(origin.reserved_key)
  } else if (options.idempotency_key !== undefined) {
    const identity: Json = { tool, params, requires: task.requires, target: options.target ?? null }
    task.idempotency_key = options.idempotency_key
    task.request_cid = cidOf(identity)
  }
  return made
}

/**
 * The new task of a step of a workflow, whose options were checked with its definition; its params are checked here.
 * No request of another kind can have its key, so all that have it ask for the same.
 */
export function taskOfStep(
  { tool: _tool, params, ...options }: TaskRequest,
  descriptor: ToolDescriptor,
  origin: TaskOrigin & { reserved_key: string },
): { task: TaskHead; params: JsonText } {
  const made = taskOf(params, options, descriptor, origin)
  made.task.idempotency_key = origin.reserved_key
  return made
}

function taskOf(
  params: TaskRequest['params'],
  options: Omit<TaskRequest, 'tool' | 'params'>,
  descriptor: ToolDescriptor,
  { task_id, principal, at, resubmitted_from }: TaskOrigin,
): { task: TaskHead; params: JsonText } {
  const text = shallowJson('/params', params)
  checkParams(params, descriptor)
  const task: TaskHead = {
    task_id,
    seq: 0,
    state: 'queued',
    principal,
    tool: descriptor.name,
    code_cid: descriptor.code_cid,
    repeat: descriptor.effects.repeat,
    priority: options.priority ?? DEFAULT_PRIORITY,
    requires: options.requires === undefined ? [] : [...new Set(options.requires)].sort(),
    any_build: options.any_build ?? false,
    attempt_timeout_ms: options.attempt_timeout_ms ?? DEFAULT_ATTEMPT_TIMEOUT_MS,
    retry: { ...DEFAULT_RETRY, ...options.retry },
    labels: options.labels ?? {},
    metadata: options.metadata ?? {},
    created_at: at,
    fence: 0,
    attempts: [],
  }
  if (options.target !== undefined) task.target = options.target
  const runAt = startOf(options, at)
  if (runAt !== undefined && runAt > at) task.run_at = runAt
  if (options.concurrency !== undefined) task.concurrency = options.concurrency
  if (options.rate !== undefined) task.rate = options.rate
  if (options.queue_timeout_ms !== undefined) task.queue_timeout_ms = options.queue_timeout_ms
  if (options.deadline !== undefined) task.deadline = deadlineOf(options.deadline, at)
  if (resubmitted_from !== undefined) task.resubmitted_from = resubmitted_from
  return { task, params: text }
}

function checkParams(params: unknown, descriptor: ToolDescriptor): void {
  try {
    validateAgainst(descriptor.input_schema, params, 'params')
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    const { field, value, allowed } = error.details
    const below = field?.startsWith('/') ? field : ''
    throw new InvalidInputError(`/params${below}`, value, allowed ?? `input of ${descriptor.name}`)
  }
}
