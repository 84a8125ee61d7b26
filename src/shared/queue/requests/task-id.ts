import type { Clock } from '../../clock.ts'

const OWNER_CHARS = 8

/**
 * Makes task ids: the last 8 characters of the owner's peer id, `-`, and a UUIDv7 (RFC 9562 section 5.7) whose
 * 12 bits after the time count up within a millisecond (method 1), so that ids of one owner sort by their making.
 *
 * @param random uniform in [0, 1)
 */
export function taskIds(ownerId: string, clock: Clock, random: () => number): () => string {
  const prefix = ownerId.slice(-OWNER_CHARS)
  let time = 0
  let count = 0
  return () => {
    time = Math.max(time, clock.now())
    count += 1
    if (count > 0xfff) {
      time += 1
      count = 0
    }
    const now = clock.now()
    if (now > time) time = now
    const ms = time.toString(16).padStart(12, '0')
    const variant = (8 + Math.floor(random() * 4)).toString(16)
    const tail = `${hex(random, 0x1000, 3)}-${hex(random, 0x1000000, 6)}${hex(random, 0x1000000, 6)}`
    return `${prefix}-${ms.slice(0, 8)}-${ms.slice(8)}-7${count.toString(16).padStart(3, '0')}-${variant}${tail}`
  }
}

function hex(random: () => number, range: number, digits: number): string {
  return Math.floor(random() * range)
    .toString(16)
    .padStart(digits, '0')
}
