import { z } from 'zod'
import { TERMINAL_STATES } from '../../queue/task.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { errorFacts } from '../error-facts.ts'
import { jsonValue } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import type { QueuePort } from './queue-port.ts'
import { visibleTask } from './task-access.ts'
import { taskId, taskState } from './task-schemas.ts'

export function getResultTool(queue: Pick<QueuePort, 'head' | 'result' | 'missingFor'>): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_taskqueue_get_result',
    category: 'p2p_taskqueue',
    title: 'Get the result of a task',
    description:
      "The task's state and, once it has ended, its result or error. With wait_ms the answer comes when the task ends, or after that time with the state it has then; for a queued task that no peer can take, `waiting_for` says what is missing.",
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
      waiting_for: z
        .string()
        .exactOptional()
        .describe('What is missing for a queued task to run; left out where it only waits for its turn.'),
      result: jsonValue.exactOptional().describe('What the tool returned, of a task that succeeded.'),
      error: errorFacts.exactOptional().describe('Why it ended otherwise.'),
    }),
    async run({ task_id, wait_ms }, { principal, signal }) {
      const head = await visibleTask(queue.head(task_id), principal)
      const waits = wait_ms > 0 && !TERMINAL_STATES.has(head.state)
      const task = await queue.result(task_id, waits ? { wait_ms, signal } : { signal })
      const waitingFor = task.state === 'queued' ? queue.missingFor(head) : undefined
      return {
        task_id,
        state: task.state,
        ...(waitingFor === undefined ? {} : { waiting_for: waitingFor }),
        ...(task.result === undefined ? {} : { result: task.result }),
        ...(task.error === undefined ? {} : { error: task.error }),
      }
    },
  })
}
