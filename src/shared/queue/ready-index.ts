import { type HeapItem, MinHeap } from './min-heap.ts'
import type { Task } from './task.ts'

/** What a task needs of the worker that runs it. */
export type TaskNeeds = Pick<Task, 'tool' | 'code_cid' | 'any_build' | 'requires' | 'target'>

/** What a worker has. */
export interface WorkerOffer {
  readonly peer_id: string
  /** code_cid by tool name. */
  readonly tools: ReadonlyMap<string, string>
  readonly labels: ReadonlySet<string>
}

/** A task that has not ended, as the dispatcher knows it: all but its class is small. */
export interface LiveTask<W extends WorkerOffer> extends HeapItem {
  readonly task_id: string
  readonly priority: number
  /** Grows with each task: first come, first served within a priority. */
  readonly order: number
  readonly cls: TaskClass<W>
}

/** All live tasks that need the same, and the workers that have it. */
export class TaskClass<W extends WorkerOffer> {
  readonly key: string
  readonly needs: TaskNeeds
  /** Tasks that may run now, the next one first. */
  readonly ready = new MinHeap<LiveTask<W>>(isBefore)
  readonly workers = new Set<W>()
  /** Live tasks, ready or not. */
  members = 0

  constructor(key: string, needs: TaskNeeds) {
    this.key = key
    this.needs = needs
  }
}

/**
 * Which ready task a worker should run next. Tasks are grouped by what they need, so that matching is done
 * once for each class and worker, and tasks that nobody present can run hold up no other.
 */
export class ReadyIndex<W extends WorkerOffer> {
  readonly #classes = new Map<string, TaskClass<W>>()
  /** The classes that each worker can run. */
  readonly #byWorker = new Map<W, Set<TaskClass<W>>>()
  #ready = 0

  /** Tasks that may run now. */
  get size(): number {
    return this.#ready
  }

  /** The class of a new live task; `leave` it when the task has ended. */
  join(needs: TaskNeeds): TaskClass<W> {
    const key = keyOf(needs)
    let found = this.#classes.get(key)
    if (found === undefined) {
      found = new TaskClass<W>(key, needs)
      this.#classes.set(key, found)
      for (const [worker, classes] of this.#byWorker) link(found, worker, classes)
    }
    found.members += 1
    return found
  }

  leave(cls: TaskClass<W>): void {
    cls.members -= 1
    if (cls.members > 0) return
    this.#classes.delete(cls.key)
    for (const worker of cls.workers) this.#byWorker.get(worker)?.delete(cls)
  }

  /** Makes a task ready. */
  add(task: LiveTask<W>): void {
    task.cls.ready.push(task)
    this.#ready += 1
  }

  /** Takes a task out, if it was ready. */
  remove(task: LiveTask<W>): void {
    if (task.cls.ready.remove(task)) this.#ready -= 1
  }

  /** Takes the task that the worker should run next: highest priority, then oldest, of all it can run. */
  take(worker: W): LiveTask<W> | undefined {
    let best: LiveTask<W> | undefined
    for (const cls of this.#byWorker.get(worker) ?? []) {
      const first = cls.ready.peek()
      if (first !== undefined && (best === undefined || isBefore(first, best))) best = first
    }
    if (best !== undefined) this.remove(best)
    return best
  }

  /** A worker came, or what it offers has changed. */
  setWorker(worker: W): void {
    this.removeWorker(worker)
    const classes = new Set<TaskClass<W>>()
    this.#byWorker.set(worker, classes)
    for (const cls of this.#classes.values()) link(cls, worker, classes)
  }

  removeWorker(worker: W): void {
    for (const cls of this.#byWorker.get(worker) ?? []) cls.workers.delete(worker)
    this.#byWorker.delete(worker)
  }

  /** Ready tasks that the worker could run, whether or not it has a credit left. */
  readyFor(worker: W): number {
    let tasks = 0
    for (const cls of this.#byWorker.get(worker) ?? []) tasks += cls.ready.size
    return tasks
  }

  /** Classes with ready tasks that no present worker can run, at most `max` of them. */
  stranded(max: number): { needs: TaskNeeds; tasks: number }[] {
    const found: { needs: TaskNeeds; tasks: number }[] = []
    for (const cls of this.#classes.values()) {
      if (found.length >= max) break
      if (cls.workers.size === 0 && cls.ready.size > 0)
        found.push({ needs: cls.needs, tasks: cls.ready.size })
    }
    return found
  }
}

/** What keeps `worker` from running a task with these needs; `undefined`: nothing. */
export function whatIsMissing(needs: TaskNeeds, worker: WorkerOffer): string | undefined {
  if (needs.target !== undefined && needs.target !== worker.peer_id) return `peer ${needs.target}`
  const code = worker.tools.get(needs.tool)
  if (code === undefined) return `a worker that offers ${needs.tool}`
  if (!needs.any_build && code !== needs.code_cid) return `a worker with this build of ${needs.tool}`
  const label = needs.requires.find(each => !worker.labels.has(each))
  return label === undefined ? undefined : `a worker labelled ${label}`
}

function link<W extends WorkerOffer>(cls: TaskClass<W>, worker: W, classes: Set<TaskClass<W>>): void {
  if (whatIsMissing(cls.needs, worker) !== undefined) return
  cls.workers.add(worker)
  classes.add(cls)
}

function isBefore(a: Pick<LiveTask<WorkerOffer>, 'priority' | 'order'>, b: typeof a): boolean {
  return a.priority === b.priority ? a.order < b.order : a.priority > b.priority
}

function keyOf({ tool, code_cid, any_build, requires, target }: TaskNeeds): string {
  return JSON.stringify([tool, any_build ? null : code_cid, target ?? null, ...requires.toSorted()])
}
