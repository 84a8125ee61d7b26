/** What a task may be given beside its tool and params: the ranges are the queue's, the words are for callers. */
import { z } from 'zod'
import { taskOptions as allowed, updateOptions } from '../../queue/requests/task-options.ts'
import { givenTime } from '../iso-time.ts'
import { jsonObject } from '../json-object.ts'

export const { priority, labels } = allowed

/** Of a new task and of one that is changed before it starts. */
const lasting = {
  priority: priority.describe('1 to 10, 10 first; 5 unless given.'),
  labels: labels.describe("The submitter's own labels, to find tasks by: at most 32."),
  metadata: jsonObject
    .exactOptional()
    .describe("The submitter's own data, shown with the task: at most 16 KiB."),
  delay_ms: allowed.delay_ms.describe('Milliseconds from now before which it does not start.'),
  start_at: givenTime.exactOptional().describe('ISO 8601: does not start before; instead of `delay_ms`.'),
  attempt_timeout_ms: allowed.attempt_timeout_ms.describe(
    'Milliseconds that one attempt may take; ten minutes unless given.',
  ),
  retry: allowed.retry.describe(
    'When an attempt fails or its worker is lost: attempts in all (5 unless given), first delay (500) doubling to the longest (60,000) with full jitter; `always` repeats even a tool that is not safe to repeat.',
  ),
}

/** Options of a new task. */
export const taskOptions = {
  ...lasting,
  requires: allowed.requires.describe('Labels that the running peer must have, as `kind:tab`.'),
  target: allowed.target.describe('Peer id that must run it.'),
  any_build: allowed.any_build.describe("Run also where the build of the tool's code differs."),
  idempotency_key: allowed.idempotency_key.describe('The same key and request again is the same task.'),
  queue_timeout_ms: allowed.queue_timeout_ms.describe(
    'Milliseconds of waiting in the queue after which it expires.',
  ),
  deadline: givenTime.exactOptional().describe('ISO 8601: when it expires, whatever its state.'),
  concurrency: allowed.concurrency.describe('At most `limit` of your tasks with this `key` run at once.'),
  rate: allowed.rate.describe(
    'At most `limit` of your tasks with this `key` start within any `per_ms` milliseconds.',
  ),
}

/** What may change in a task that has not started; `null` takes a limit away. */
export const taskChanges = {
  ...lasting,
  queue_timeout_ms: updateOptions.queue_timeout_ms.describe(
    'Milliseconds of waiting in the queue after which it expires; null: never.',
  ),
  deadline: givenTime
    .nullable()
    .exactOptional()
    .describe('ISO 8601: when it expires, whatever its state; null: never.'),
}

/** One task as a request holds it. */
export const taskRequest = z.strictObject({
  tool: z.string().min(1).max(128).describe('Name of the tool.'),
  params: jsonObject.default({}).describe("The tool's parameters, as its schema says."),
  ...taskOptions,
})

const { idempotency_key: _key, start_at: _start, deadline: _deadline, ...repeatable } = taskRequest.shape

/** A task that is submitted over and over: without what fits only one. */
export const repeatedTask = z.strictObject(repeatable)
