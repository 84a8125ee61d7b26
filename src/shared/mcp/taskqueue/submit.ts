import { z } from 'zod'
import { errorFromFacts, factsOf, InvalidInputError } from '../../errors.ts'
import { DEFAULT_QUEUE_LIMITS } from '../../queue/limits.ts'
import type { TaskRequest } from '../../queue/task.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { errorFacts } from '../error-facts.ts'
import { jsonObject } from '../json-object.ts'
import { jsonSchemaOf } from '../json-schema.ts'
import { parseInput } from '../parse-input.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { taskOptions, taskRequest } from './task-options.ts'
import { taskState } from './task-schemas.ts'

const MAX_TASKS = DEFAULT_QUEUE_LIMITS.tasksPerSubmit

export function submitTool(queue: Pick<QueuePort, 'submit'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_submit',
    category: 'p2p_taskqueue',
    title: 'Submit tasks',
    description:
      'Stores one task ({tool, params, …}) or many ({tasks: […]}) durably and answers with their ids at once; peers of the mesh run them, and p2p_taskqueue_get_result fetches what came of each.',
    annotations: { readOnlyHint: false, destructiveHint: false },
    input: z.strictObject({
      tasks: z
        .array(jsonObject.meta(jsonSchemaOf(taskRequest, 'input')))
        .min(1)
        .max(MAX_TASKS)
        .exactOptional()
        .describe('Many tasks, instead of `tool` and `params`.'),
      tool: z.string().exactOptional().describe('Name of the tool.'),
      params: jsonObject.exactOptional().describe("The tool's parameters, as its schema says."),
      ...taskOptions,
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
          throw new InvalidInputError(`/${extra}`, Reflect.get(single, extra), 'either `tasks`, or one task')
        return { tasks: await submitAll(queue, principal.id, tasks) }
      }
      if (single.tool === undefined)
        throw new InvalidInputError('/tool', undefined, 'the name of a tool, or many tasks in `tasks`')
      const [receipt] = await queue.submit(principal.id, [parseInput(taskRequest, single)])
      if (receipt === undefined) throw new TypeError('the queue gave no receipt')
      if ('error' in receipt) throw errorFromFacts(receipt.error)
      return { tasks: [receipt] }
    },
  })
}

/** One that does not fit has its error for receipt, and stops no other. */
async function submitAll(queue: Pick<QueuePort, 'submit'>, principal: string, tasks: readonly unknown[]) {
  const parsed = tasks.map(parsedTask)
  const requests = parsed.flatMap(each => ('request' in each ? [each.request] : []))
  const refusedAll = requests.length === 0 && tasks.length > 0
  const receipts = (refusedAll ? [] : await queue.submit(principal, requests)).values()
  return parsed.map(each => ('error' in each ? each : (receipts.next().value ?? {})))
}

function parsedTask(value: unknown): { request: TaskRequest } | { error: ReturnType<typeof factsOf> } {
  try {
    return { request: parseInput(taskRequest, value) }
  } catch (error) {
    return { error: factsOf(error) }
  }
}
