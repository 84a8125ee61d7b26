import type { LeaseId } from './work.ts'

interface Entry<V> {
  fence: number
  value: V
  /** Of the same task, with another fence: an attempt that was cancelled and has not ended yet, say. */
  next: Entry<V> | undefined
}

/**
 * Values by lease, among those of one owner: by task first, as a task nearly always has one, and a key made of both parts
 * would be a new string to make and to hash for each look. Iterates the tasks in the order in which they came.
 */
export class LeaseMap<V> {
  readonly #byTask = new Map<string, Entry<V>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get({ task_id, fence }: LeaseId): V | undefined {
    for (let entry = this.#byTask.get(task_id); entry !== undefined; entry = entry.next)
      if (entry.fence === fence) return entry.value
    return undefined
  }

  has(lease: LeaseId): boolean {
    return this.get(lease) !== undefined
  }

  set({ task_id, fence }: LeaseId, value: V): void {
    const first = this.#byTask.get(task_id)
    for (let entry = first; entry !== undefined; entry = entry.next) {
      if (entry.fence !== fence) continue
      entry.value = value
      return
    }
    this.#byTask.set(task_id, { fence, value, next: first })
    this.#size += 1
  }

  /** Returns what it was. */
  delete({ task_id, fence }: LeaseId): V | undefined {
    const first = this.#byTask.get(task_id)
    if (first?.fence === fence) {
      if (first.next === undefined) this.#byTask.delete(task_id)
      else this.#byTask.set(task_id, first.next)
      this.#size -= 1
      return first.value
    }
    for (let before = first; before?.next !== undefined; before = before.next) {
      const { next: entry } = before
      if (entry.fence !== fence) continue
      before.next = entry.next
      this.#size -= 1
      return entry.value
    }
    return undefined
  }

  /** What is deleted meanwhile is left out, as with a Map. */
  *values(): Generator<V> {
    for (const first of this.#byTask.values())
      for (let entry: Entry<V> | undefined = first; entry !== undefined; entry = entry.next) yield entry.value
  }
}
