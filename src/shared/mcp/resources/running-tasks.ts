import type { Principal } from '../../authority/principal.ts'
import type { Clock } from '../../clock.ts'
import type { QueuePort } from '../taskqueue/queue-port.ts'
import { sees } from '../taskqueue/task-access.ts'

/** Milliseconds between looks at the progress of running tasks: it is not an event of the queue. */
const PROGRESS_INTERVAL_MS = 1000

/** Which tasks run now, so that who watches them is told of their progress while they do. */
export class RunningTasks {
  readonly #clock: Clock
  /** Whose each is. */
  readonly #running = new Map<string, string>()

  constructor(queue: Pick<QueuePort, 'onChange'>, clock: Clock) {
    this.#clock = clock
    queue.onChange(({ task_id, state, principal }) => {
      if (state === 'running') this.#running.set(task_id, principal)
      else this.#running.delete(task_id)
    })
  }

  /** Calls `listener` once a second while any task runs that the principal sees; the returned function ends it. */
  whileAny(principal: Principal, listener: () => void): () => void {
    return this.#every(() => this.#running.values().some(whose => sees(principal, whose)), listener)
  }

  /** Calls `listener` once a second while this task runs, if the principal sees it; the returned function ends it. */
  while(taskId: string, principal: Principal, listener: () => void): () => void {
    const runs = (): boolean => {
      const whose = this.#running.get(taskId)
      return whose !== undefined && sees(principal, whose)
    }
    return this.#every(runs, listener)
  }

  #every(holds: () => boolean, listener: () => void): () => void {
    let stop: () => void
    const tick = (): void => {
      if (holds()) listener()
      stop = this.#clock.after(PROGRESS_INTERVAL_MS, tick)
    }
    stop = this.#clock.after(PROGRESS_INTERVAL_MS, tick)
    return () => stop()
  }
}
