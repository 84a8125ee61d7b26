import type { LogLine } from '../tools/tool.ts'
import type { JsonText } from './states/commands.ts'
import type { AttemptLogLine } from './task.ts'

/** Lines of one attempt that are kept, the newest, and characters of each. */
export const LOG_LINES_KEPT = 100
export const LOG_LINE_CHARS = 1_000

/** The newest log lines of an attempt that runs. */
export class LogTail {
  #lines: AttemptLogLine[] = []

  /** The oldest first; at most twice as many are held as are kept, so that a line costs no copy of the others. */
  get lines(): AttemptLogLine[] {
    return this.#lines.slice(-LOG_LINES_KEPT)
  }

  /** @param at epoch milliseconds */
  add(line: LogLine, at: number): void {
    this.#lines.push(boundedLine({ ...line, at }))
    if (this.#lines.length >= 2 * LOG_LINES_KEPT) this.#lines = this.lines
  }
}

/** Log lines as the store keeps them, the newest within the limits; undefined when there are none. */
export function storedLogs(lines: readonly AttemptLogLine[]): JsonText | undefined {
  if (lines.length === 0) return undefined
  return JSON.stringify(lines.slice(-LOG_LINES_KEPT).map(boundedLine))
}

/** Data that is too large, or has no JSON, is left out: a log line is for reading. */
function boundedLine({ at, level, message, data }: AttemptLogLine): AttemptLogLine {
  const line: AttemptLogLine = { at, level, message: message.slice(0, LOG_LINE_CHARS) }
  if (data !== undefined && jsonLength(data) <= LOG_LINE_CHARS) line.data = data
  return line
}

function jsonLength(data: unknown): number {
  try {
    return JSON.stringify(data).length
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
