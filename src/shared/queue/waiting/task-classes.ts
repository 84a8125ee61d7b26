import type { LaneNeeds } from '../states/lane.ts'
import { classKey, TaskClass } from './task-class.ts'
import { type WorkerOffer, whatIsMissing } from './what-is-missing.ts'

/** The classes of tasks, and which of them each worker can run. */
export class TaskClasses<W extends WorkerOffer> {
  readonly #classes = new Map<string, TaskClass<W>>()
  /** By tool, those for any peer; by tool and peer, those for one: all that a worker has to be matched with. */
  readonly #byTool = new Map<string, Set<TaskClass<W>>>()
  readonly #workers = new Map<W, { linked: Set<TaskClass<W>>; lively: Set<TaskClass<W>> }>()

  all(): Iterable<TaskClass<W>> {
    return this.#classes.values()
  }

  /** Whether tasks with these needs wait. */
  waitsFor(needs: LaneNeeds): boolean {
    return (this.#classes.get(classKey(needs))?.waiting ?? 0) > 0
  }

  /** The class of a line that is new in memory; `leave` it with the line. */
  join(needs: LaneNeeds): TaskClass<W> {
    const key = classKey(needs)
    let found = this.#classes.get(key)
    if (found === undefined) {
      found = new TaskClass<W>(key, needs)
      this.#classes.set(key, found)
      const index = indexKey(needs.tool, needs.target)
      const sameTool = this.#byTool.get(index) ?? new Set()
      this.#byTool.set(index, sameTool.add(found))
      for (const worker of this.#workers.keys()) this.#link(found, worker)
    }
    found.lines += 1
    return found
  }

  leave(cls: TaskClass<W>): void {
    cls.lines -= 1
    if (cls.lines > 0) return
    this.#classes.delete(cls.key)
    const index = indexKey(cls.needs.tool, cls.needs.target)
    const sameTool = this.#byTool.get(index)
    sameTool?.delete(cls)
    if (sameTool?.size === 0) this.#byTool.delete(index)
    for (const worker of cls.workers) this.#unlink(cls, worker)
  }

  /** Matches a worker that came or changed. Answers with the classes that it can run. */
  setWorker(worker: W): ReadonlySet<TaskClass<W>> {
    this.removeWorker(worker)
    const linked = new Set<TaskClass<W>>()
    this.#workers.set(worker, { linked, lively: new Set() })
    for (const tool of worker.tools.keys()) {
      for (const target of [undefined, worker.peer_id]) {
        for (const cls of this.#byTool.get(indexKey(tool, target)) ?? []) this.#link(cls, worker)
      }
    }
    return linked
  }

  removeWorker(worker: W): void {
    for (const cls of this.#workers.get(worker)?.linked ?? []) this.#unlink(cls, worker)
    this.#workers.delete(worker)
  }

  /** Classes that may have a task for the worker. */
  livelyFor(worker: W): Iterable<TaskClass<W>> {
    return this.#workers.get(worker)?.lively ?? []
  }

  /** A worker found nothing in a class: it does not look there again until the class is roused. */
  rest(cls: TaskClass<W>, worker: W): void {
    this.#workers.get(worker)?.lively.delete(cls)
    cls.resting.add(worker)
  }

  /** There may be a task for all that can run it. Costs only where somebody had gone to rest. */
  rouse(cls: TaskClass<W>): void {
    for (const worker of cls.resting) this.#workers.get(worker)?.lively.add(cls)
    cls.resting.clear()
  }

  #link(cls: TaskClass<W>, worker: W): void {
    if (whatIsMissing(cls.needs, worker) !== undefined) return
    const of = this.#workers.get(worker)
    cls.workers.add(worker)
    of?.linked.add(cls)
    of?.lively.add(cls)
  }

  #unlink(cls: TaskClass<W>, worker: W): void {
    cls.workers.delete(worker)
    cls.resting.delete(worker)
    const of = this.#workers.get(worker)
    of?.linked.delete(cls)
    of?.lively.delete(cls)
  }
}

function indexKey(tool: string, target: string | undefined): string {
  return JSON.stringify([tool, target])
}
