import type { Clock } from '../../clock.ts'
import type { QueuePort } from '../taskqueue/queue-port.ts'

/** Milliseconds between looks at the progress of running tasks: it is not an event of the queue. */
const PROGRESS_INTERVAL_MS = 1000

/** Which tasks run now, so that who watches them is told of their progress while they do. */
export class RunningTasks {
  readonly #clock: Clock
  readonly #ids = new Set<string>()

  constructor(queue: Pick<QueuePort, 'onChange'>, clock: Clock) {
    this.#clock = clock
    queue.onChange(({ task_id, state }) => {
      if (state === 'running') this.#ids.add(task_id)
      else this.#ids.delete(task_id)
    })
  }

  /** Calls `listener` once a second while any task runs; the returned function ends it. */
  whileAny(listener: () => void): () => void {
    return this.#every(() => this.#ids.size > 0, listener)
  }

  /** Calls `listener` once a second while this task runs; the returned function ends it. */
  while(taskId: string, listener: () => void): () => void {
    return this.#every(() => this.#ids.has(taskId), listener)
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
