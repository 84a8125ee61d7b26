/** Pixels that a pointer may tremble in a click. */
const TREMBLE = 4

export interface PanGestureInit {
  pan: (dx: number, dy: number) => void
  /** @param at in pixels of the element */
  zoom: (factor: number, at: { x: number; y: number }) => void
  /** `dragging` has changed. */
  changed: () => void
}

/** One pointer drags, two pinch; what moves no farther than a hand trembles stays a click. */
export class PanGesture {
  readonly #init: PanGestureInit
  readonly #pointers = new Map<number, { x: number; y: number }>()
  #travelled = 0
  dragging = false

  constructor(init: PanGestureInit) {
    this.#init = init
  }

  /** Whether the click that follows belongs to a drag. */
  swallowsClick(): boolean {
    return this.#travelled > TREMBLE
  }

  down = (event: PointerEvent): void => {
    if (event.button !== 0 || isControl(event)) return
    if (this.#pointers.size === 0) this.#travelled = 0
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY })
  }

  move = (event: PointerEvent): void => {
    const before = this.#pointers.get(event.pointerId)
    if (before === undefined) return
    const now = { x: event.clientX, y: event.clientY }
    const [dx, dy] = [now.x - before.x, now.y - before.y]
    this.#travelled += Math.abs(dx) + Math.abs(dy)
    if (this.#travelled <= TREMBLE) return
    this.#begin(event)
    const other = this.#otherThan(event.pointerId)
    this.#pointers.set(event.pointerId, now)
    if (other === undefined) this.#init.pan(dx, dy)
    else this.#pinch(event, other, before, now)
  }

  up = (event: PointerEvent): void => {
    if (!this.#pointers.delete(event.pointerId) || this.#pointers.size > 0 || !this.dragging) return
    this.dragging = false
    this.#init.changed()
  }

  /** Only a drag captures its pointer: a click must reach what is under it. */
  #begin(event: PointerEvent): void {
    if (event.currentTarget instanceof Element) event.currentTarget.setPointerCapture(event.pointerId)
    if (this.dragging) return
    this.dragging = true
    this.#init.changed()
  }

  #pinch(event: PointerEvent, other: Place, before: Place, now: Place): void {
    const box =
      event.currentTarget instanceof Element ? event.currentTarget.getBoundingClientRect() : undefined
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }
    // Half of the way, as the other pointer holds the other end.
    this.#init.pan((now.x - before.x) / 2, (now.y - before.y) / 2)
    this.#init.zoom(distance(now, other) / Math.max(distance(before, other), 1), {
      x: middle.x - (box?.left ?? 0),
      y: middle.y - (box?.top ?? 0),
    })
  }

  #otherThan(id: number): Place | undefined {
    for (const [other, place] of this.#pointers) if (other !== id) return place
    return undefined
  }
}

interface Place {
  x: number
  y: number
}

function distance(one: Place, other: Place): number {
  return Math.hypot(one.x - other.x, one.y - other.y)
}

function isControl(event: Event): boolean {
  return event.composedPath().some(target => target instanceof HTMLButtonElement)
}
