import { z } from 'zod'
import { errorFromFacts, factsOf, InvalidInputError } from '../../errors.ts'
import type { TaskRequest } from '../../queue/task.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { errorFacts } from '../error-facts.ts'
import { jsonObject } from '../json-object.ts'
import { jsonSchemaOf } from '../json-schema.ts'
import { parseInput } from '../parse-input.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { taskState } from './task-schemas.ts'

/** Shapes only; the queue holds the limits and says what is wrong with a value. */
const options = {
  priority: z.int().exactOptional().describe('1 to 10, 10 first; 5 when left out.'),
  requires: z
    .array(z.string())
    .exactOptional()
    .describe('Labels that the running peer must have, as `kind:tab`.'),
  target: z.string().exactOptional().describe('Peer id that must run it.'),
  any_build: z.boolean().exactOptional().describe("Run also where the build of the tool's code differs."),
  idempotency_key: z.string().exactOptional().describe('The same key and request again is the same task.'),
  delay_ms: z.number().exactOptional().describe('Milliseconds to wait before it may run.'),
  queue_timeout_ms: z.number().exactOptional().describe('Milliseconds in the queue after which it expires.'),
  attempt_timeout_ms: z.number().exactOptional().describe('Milliseconds that one attempt may take.'),
  deadline: z.string().exactOptional().describe('ISO 8601: when it expires, whatever its state.'),
  retry: z
    .strictObject({
      max_attempts: z.int().exactOptional(),
      base_delay_ms: z.number().exactOptional(),
      max_delay_ms: z.number().exactOptional(),
      always: z.boolean().exactOptional().describe('Repeat even a tool that is not safe to repeat.'),
    })
    .exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional().describe("The submitter's own labels."),
  metadata: jsonObject.exactOptional().describe("The submitter's own data."),
}

const params = jsonObject.default({}).describe("The tool's parameters, as its schema says.")
const task = z.strictObject({ tool: z.string().describe('Name of the tool.'), params, ...options })

export function submitTool(queue: QueuePort): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_submit',
    category: 'p2p_taskqueue',
    title: 'Submit tasks',
    description:
      'Stores one task ({tool, params, …}) or many ({tasks: […]}) durably and answers with their ids at once; peers of the mesh run them, and p2p_taskqueue_get_result fetches what came of each.',
    annotations: { readOnlyHint: false, destructiveHint: false },
    input: z.strictObject({
      tasks: z
        .array(jsonObject.meta(jsonSchemaOf(task, 'input')))
        .exactOptional()
        .describe('Many tasks, instead of `tool` and `params`.'),
      tool: z.string().exactOptional().describe('Name of the tool.'),
      params: jsonObject.exactOptional().describe("The tool's parameters, as its schema says."),
      ...options,
    }),
    output: z.object({
      tasks: z
        .array(
          z.object({
            task_id: z.string().exactOptional(),
            state: taskState.exactOptional(),
            deduplicated: z.boolean().exactOptional().describe('An earlier task has this idempotency key.'),
            error: errorFacts.exactOptional().describe('Why this one was not taken; the others were.'),
          }),
        )
        .describe('One for each task, in their order.'),
    }),
    async run({ tasks, ...single }, { principal }) {
      if (tasks !== undefined) {
        const extra = Object.keys(single)[0]
        if (extra !== undefined)
          throw new InvalidInputError(`/${extra}`, single, 'either `tasks`, or one task')
        return { tasks: await submitAll(queue, principal.id, tasks) }
      }
      const [receipt] = await queue.submit(principal.id, [parseInput(task, single)])
      if (receipt === undefined) throw new TypeError('the queue gave no receipt')
      if ('error' in receipt) throw errorFromFacts(receipt.error)
      return { tasks: [receipt] }
    },
  })
}

/** One that does not fit has its error for receipt, and stops no other. */
async function submitAll(queue: QueuePort, principal: string, tasks: readonly unknown[]) {
  const parsed = tasks.map(parsedTask)
  const requests = parsed.flatMap(each => ('request' in each ? [each.request] : []))
  const refusedAll = requests.length === 0 && tasks.length > 0
  const receipts = (refusedAll ? [] : await queue.submit(principal, requests)).values()
  return parsed.map(each => ('error' in each ? each : (receipts.next().value ?? {})))
}

function parsedTask(value: unknown): { request: TaskRequest } | { error: ReturnType<typeof factsOf> } {
  try {
    return { request: parseInput(task, value) }
  } catch (error) {
    return { error: factsOf(error) }
  }
}
