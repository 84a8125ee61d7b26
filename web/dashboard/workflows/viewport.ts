/** What part of a drawing is seen: a point of the drawing is shown at `x + scale * its x`, `y + scale * its y`. */
export interface Viewport {
  x: number
  y: number
  scale: number
}

export interface Size {
  width: number
  height: number
}

export const MIN_SCALE = 0.04
const MAX_SCALE = 2
/** Below it text is not read any more, so a first view that would need it shows the beginning instead. */
const READABLE = 0.55

/** The whole drawing, in the middle, and never larger than it is. */
export function fitInto(drawing: Size, room: Size): Viewport {
  const scale = clamp(Math.min(room.width / drawing.width, room.height / drawing.height, 1))
  return {
    scale,
    x: (room.width - drawing.width * scale) / 2,
    y: (room.height - drawing.height * scale) / 2,
  }
}

/** The whole drawing where it can be read then; else its beginning: the left end, or the top where time goes down. */
export function firstView(drawing: Size, room: Size, direction: 'LR' | 'TB'): Viewport {
  const whole = fitInto(drawing, room)
  if (whole.scale >= READABLE) return whole
  const across = direction === 'LR' ? room.height / drawing.height : room.width / drawing.width
  const scale = clamp(Math.min(1, Math.max(READABLE, across)))
  const x = (room.width - drawing.width * scale) / 2
  const y = (room.height - drawing.height * scale) / 2
  return direction === 'LR' ? { scale, x: 0, y } : { scale, x, y: 0 }
}

/** Larger or smaller by `factor`, while what is at (x, y) of the room stays there. */
export function zoom(view: Viewport, factor: number, at: { x: number; y: number }): Viewport {
  const scale = clamp(view.scale * factor)
  const ratio = scale / view.scale
  return { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio }
}

/** Moved, but so that some of the drawing stays in sight. */
export function pan(view: Viewport, dx: number, dy: number, drawing: Size, room: Size): Viewport {
  const KEPT = 60
  const within = (value: number, drawn: number, seen: number) =>
    Math.min(Math.max(value, KEPT - drawn), seen - KEPT)
  return {
    scale: view.scale,
    x: within(view.x + dx, drawing.width * view.scale, room.width),
    y: within(view.y + dy, drawing.height * view.scale, room.height),
  }
}

/** Moved as little as needed to show the box (in the drawing's own measure) with some room around it. */
export function reveal(view: Viewport, box: Size & { x: number; y: number }, room: Size): Viewport {
  const AROUND = 24
  const move = (start: number, size: number, seen: number) => {
    if (start < AROUND) return AROUND - start
    return Math.min(0, seen - AROUND - (start + size))
  }
  return {
    scale: view.scale,
    x: view.x + move(view.x + box.x * view.scale, box.width * view.scale, room.width),
    y: view.y + move(view.y + box.y * view.scale, box.height * view.scale, room.height),
  }
}

function clamp(scale: number): number {
  return Math.min(Math.max(scale, MIN_SCALE), MAX_SCALE)
}
