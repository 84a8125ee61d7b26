import { z } from 'zod'
import { type ErrorFacts, factsOf, InvalidInputError } from '../../errors.ts'
import { taskId } from './task-schemas.ts'

/** Ids in one request: as many as one submit takes. */
const MAX_TASK_IDS = 1_000
/** Tasks of one request under way at once: enough to share commits, few enough that others are not held up. */
const AT_ONCE = 64

/** The input that names one task or many. */
export const oneOrMany = {
  task_id: taskId.exactOptional(),
  task_ids: z
    .array(taskId)
    .min(1)
    .max(MAX_TASK_IDS)
    .exactOptional()
    .describe('Many tasks, instead of `task_id`: the answer says for each what became of it.'),
}

/** Says of an output that it has the fields of the one, or `tasks` for the many. */
export function eitherFieldsOrTasks(...fields: string[]): { anyOf: { required: string[] }[] } {
  return { anyOf: [{ required: fields }, { required: ['tasks'] }] }
}

/** The one that was named, or each of the many. Throws `invalid_input` unless it is one of both. */
export function chosenTasks({
  task_id,
  task_ids,
}: {
  task_id?: string
  task_ids?: string[]
}): { one: string } | { many: string[] } {
  if (task_id !== undefined && task_ids !== undefined)
    throw new InvalidInputError('/task_ids', task_ids, 'either `task_id` or `task_ids`')
  if (task_id !== undefined) return { one: task_id }
  if (task_ids !== undefined) return { many: task_ids }
  throw new InvalidInputError('/task_id', undefined, 'the id of a task, or `task_ids`')
}

/**
 * Runs `run` for each id; one that is refused has `refused` for answer and stops no other. Answers in the order of the
 * ids. Rejects when the request is given up: what had not begun is left as it is.
 */
export async function forEachTask<T, R>(
  ids: readonly string[],
  run: (id: string) => Promise<T>,
  refused: (id: string, error: ErrorFacts) => R,
  signal: AbortSignal,
): Promise<(T | R)[]> {
  const answers: (T | R)[] = []
  const left = ids.entries()
  async function work(): Promise<void> {
    for (const [index, id] of left) {
      signal.throwIfAborted()
      answers[index] = await run(id).catch(error => refused(id, factsOf(error)))
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work))
  return answers
}
