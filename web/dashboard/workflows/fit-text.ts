/** Texts that are remembered; each is a step's name or tool. */
const MAX_KNOWN = 5_000

const known = new Map<string, string>()
let context: CanvasRenderingContext2D | null | undefined

/**
 * A text, cut with an ellipsis where it would be wider than `width` pixels in `font` (as CSS writes it): text in an SVG
 * does not do that by itself.
 */
export function fitText(text: string, font: string, width: number): string {
  const key = `${width} ${font} ${text}`
  const found = known.get(key)
  if (found !== undefined) return found
  const fitted = cut(text, font, width)
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(key, fitted)
  return fitted
}

/** Pixels. */
export function textWidth(text: string, font: string): number {
  context ??= document.createElement('canvas').getContext('2d')
  if (context === null) return 0
  context.font = font
  return context.measureText(text).width
}

function cut(text: string, font: string, width: number): string {
  const measured = (part: string) => textWidth(part, font)
  if (measured(text) <= width) return text
  let least = 0
  let most = text.length
  while (least < most) {
    const middle = Math.ceil((least + most) / 2)
    if (measured(`${text.slice(0, middle)}…`) <= width) least = middle
    else most = middle - 1
  }
  return `${text.slice(0, least).trimEnd()}…`
}
