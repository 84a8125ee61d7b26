import { z } from 'zod'
import { TERMINAL_STATES } from '../../queue/task.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { errorFacts } from '../error-facts.ts'
import { jsonValue } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { visibleTask } from './task-access.ts'
import { taskId, taskState } from './task-schemas.ts'

export function getResultTool(queue: Pick<QueuePort, 'head' | 'result'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_get_result',
    category: 'p2p_taskqueue',
    title: 'Get the result of a task',
    description:
      "The task's state and, once it has ended, its result or error. With wait_ms the answer comes when the task ends, or after that time with the state it has then.",
    annotations: { readOnlyHint: true },
    input: z.strictObject({
      task_id: taskId,
      wait_ms: z
        .int()
        .min(0)
        .default(0)
        .describe('Milliseconds to wait for the end; one call waits at most 50,000 of them: ask again.'),
    }),
    output: z.object({
      task_id: z.string(),
      state: taskState,
      result: jsonValue.exactOptional().describe('What the tool returned, of a task that succeeded.'),
      error: errorFacts.exactOptional().describe('Why it ended otherwise.'),
    }),
    async run({ task_id, wait_ms }, { principal, signal }) {
      const { state } = await visibleTask(queue.head(task_id), principal)
      const waits = wait_ms > 0 && !TERMINAL_STATES.has(state)
      const task = await queue.result(task_id, waits ? { wait_ms, signal } : { signal })
      return {
        task_id,
        state: task.state,
        ...(task.result === undefined ? {} : { result: task.result }),
        ...(task.error === undefined ? {} : { error: task.error }),
      }
    },
  })
}
