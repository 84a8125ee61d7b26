import { MAX_BATCH } from './protocol.ts'

/** Characters of JSON in one message of many: well within a frame, so that a cancel never waits behind it for long. */
const BATCH_CHARS = 128 * 1024

/** Takes from the front of `waiting` what goes in one message; an item that is larger goes alone. */
export function takeBatch<T>(waiting: T[], payloadOf: (item: T) => unknown): T[] {
  let left = BATCH_CHARS
  let count = 0
  for (const item of waiting) {
    left -= roughChars(payloadOf(item), left)
    if (count > 0 && left < 0) break
    count += 1
    if (count === MAX_BATCH) break
  }
  return waiting.splice(0, count)
}

/** About how many characters a value takes as JSON; it is not looked at further once there are more than `most`. */
function roughChars(value: unknown, most: number): number {
  let chars = 0
  const left: unknown[] = [value]
  for (let next = left.pop(); next !== undefined && chars <= most; next = left.pop()) {
    chars += OVERHEAD_CHARS
    if (typeof next === 'string') chars += next.length
    else if (Array.isArray(next)) {
      // Each of its values counts at least so much.
      if (next.length * OVERHEAD_CHARS > most) return next.length * OVERHEAD_CHARS
      left.push(...next)
    } else if (typeof next === 'object' && next !== null) {
      for (const [key, member] of Object.entries(next)) {
        chars += key.length
        if (member !== undefined) left.push(member)
      }
    }
  }
  return chars
}

/** Of a number, of the quotes, commas and braces around a value. */
const OVERHEAD_CHARS = 4
