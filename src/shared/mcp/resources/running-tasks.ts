import type { Principal } from '../../authority/principal.ts'
import type { Clock } from '../../clock.ts'
import type { QueuePort } from '../taskqueue/queue-port.ts'
import { sees } from '../taskqueue/task-access.ts'

/** Milliseconds between looks at the progress of running tasks: it is not an event of the queue. */
const PROGRESS_INTERVAL_MS = 1000

interface Watcher {
  /** Whether anything runs that it is to be told of. */
  concerned: () => boolean
  listener: () => void
}

/** Which tasks run now, so that who watches them is told of their progress while they do. */
export class RunningTasks {
  readonly #clock: Clock
  /** Whose each is. */
  readonly #running = new Map<string, string>()
  readonly #watchers = new Set<Watcher>()
  /** There is a timer only while something runs and somebody watches. */
  #stopTimer: (() => void) | undefined

  constructor(queue: Pick<QueuePort, 'onChange'>, clock: Clock) {
    this.#clock = clock
    queue.onChange(({ task_id, state, principal }) => {
      if (state === 'running') this.#running.set(task_id, principal)
      else this.#running.delete(task_id)
      this.#arm()
    })
  }

  /** Calls `listener` once a second while any task runs that the principal sees; the returned function ends it. */
  whileAny(principal: Principal, listener: () => void): () => void {
    const concerned = () => this.#running.values().some(whose => sees(principal, whose))
    return this.#watch({ concerned, listener })
  }

  /** Calls `listener` once a second while this task runs, if the principal sees it; the returned function ends it. */
  while(taskId: string, principal: Principal, listener: () => void): () => void {
    const concerned = () => {
      const whose = this.#running.get(taskId)
      return whose !== undefined && sees(principal, whose)
    }
    return this.#watch({ concerned, listener })
  }

  #watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    this.#arm()
    return () => {
      this.#watchers.delete(watcher)
      if (this.#watchers.size > 0) return
      this.#stopTimer?.()
      this.#stopTimer = undefined
    }
  }

  #arm(): void {
    if (this.#stopTimer !== undefined || this.#watchers.size === 0 || this.#running.size === 0) return
    this.#stopTimer = this.#clock.after(PROGRESS_INTERVAL_MS, () => {
      this.#stopTimer = undefined
      for (const { concerned, listener } of [...this.#watchers]) if (concerned()) listener()
      this.#arm()
    })
  }
}
