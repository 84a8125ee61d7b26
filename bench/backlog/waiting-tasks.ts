import type { TaskRequest } from '../../src/shared/queue/task.ts'
import { payloadOf } from '../queue/contender.ts'
import { NO_OP } from '../queue/open-queue.ts'

const TASKS_PER_SUBMIT = 1_000
const SUBMITTERS = ['alice', 'bob', 'carol', 'dave', 'erin'] as const
const PRIORITIES = 3
/** One in so many is not due yet, and waits in another order. */
const DELAYED_ONE_IN = 10
const DELAY_MS = 24 * 60 * 60 * 1000

/** Tasks as a busy node has them: of several submitters, at several priorities, some due tomorrow. */
export function* waitingTasks(tasks: number): Generator<{ principal: string; requests: TaskRequest[] }> {
  for (let first = 0, turn = 0; first < tasks; first += TASKS_PER_SUBMIT, turn++) {
    const count = Math.min(TASKS_PER_SUBMIT, tasks - first)
    const requests = Array.from({ length: count }, (_, index) => waitingTask(first + index))
    yield { principal: SUBMITTERS[turn % SUBMITTERS.length] ?? 'alice', requests }
  }
}

export function waitingTask(n: number): TaskRequest {
  const request: TaskRequest = {
    tool: NO_OP.name,
    params: { ...payloadOf(n) },
    priority: 4 + (n % PRIORITIES),
  }
  return n % DELAYED_ONE_IN === 0 ? { ...request, delay_ms: DELAY_MS } : request
}
