/** An element of a heap knows its own place, so that it can be taken out of the middle. */
export interface HeapItem {
  /** Index in the heap, -1 outside; written by the heap only. */
  place: number
}

/** Binary min-heap with removal of any element in O(log n). */
export class MinHeap<T extends HeapItem> {
  readonly #items: T[] = []
  readonly #before: (a: T, b: T) => boolean

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    this.#items.push(item)
    this.#up(this.#items.length - 1, item)
  }

  pop(): T | undefined {
    const first = this.#items[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Takes `item` out; false when it is not in this heap. */
  remove(item: T): boolean {
    const { place } = item
    if (place < 0 || this.#items[place] !== item) return false
    const last = this.#items.pop()
    item.place = -1
    if (last === undefined || last === item) return true
    const parent = this.#items[(place - 1) >> 1]
    if (parent !== undefined && place > 0 && this.#before(last, parent)) this.#up(place, last)
    else this.#down(place, last)
    return true
  }

  /** Puts `item` where it belongs after what it is ordered by has changed. */
  moved(item: T): void {
    const { place } = item
    if (place < 0 || this.#items[place] !== item) return
    const parent = this.#items[(place - 1) >> 1]
    if (parent !== undefined && place > 0 && this.#before(item, parent)) this.#up(place, item)
    else this.#down(place, item)
  }

  #up(start: number, item: T): void {
    let place = start
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#items[above]
      if (parent === undefined || !this.#before(item, parent)) break
      this.#put(place, parent)
      place = above
    }
    this.#put(place, item)
  }

  #down(start: number, item: T): void {
    let place = start
    for (;;) {
      let next = place * 2 + 1
      let child = this.#items[next]
      if (child === undefined) break
      const right = this.#items[next + 1]
      if (right !== undefined && this.#before(right, child)) {
        child = right
        next += 1
      }
      if (!this.#before(child, item)) break
      this.#put(place, child)
      place = next
    }
    this.#put(place, item)
  }

  #put(place: number, item: T): void {
    this.#items[place] = item
    item.place = place
  }
}
