import type { Json } from '../tools/tool.ts'

const encoder = new TextEncoder()

/** Whether the UTF-8 JSON of a value has at most `limit` bytes; gives up early, so a large value costs little. */
export function fitsIn(value: Json, limit: number): boolean {
  return remaining(value, limit) >= 0
}

/** `budget` less the bytes of the value's JSON, or below 0 as soon as it is known not to fit. */
function remaining(value: Json, budget: number): number {
  if (typeof value === 'string') {
    if (value.length + 2 > budget) return -1
    return budget - encoder.encode(JSON.stringify(value)).length
  }
  if (value === null || typeof value !== 'object') return budget - String(value).length
  const items = Array.isArray(value)
  let left = budget - 2
  let separator = 0
  for (const [key, item] of Object.entries(value)) {
    left = remaining(item, items ? left - separator : remaining(key, left - separator) - 1)
    if (left < 0) return -1
    separator = 1
  }
  return left
}
