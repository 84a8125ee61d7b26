import type { Logger, LogLevel } from '../../shared/logger.ts'

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warning: 2, error: 3 }

/** A logger that writes a line for each message of `level` or above to the standard error output. */
export function stderrLogger({ level, format }: { level: LogLevel; format: 'text' | 'json' }): Logger {
  const least = RANK[level]
  return (at, message, fields = {}) => {
    if (RANK[at] < least) return
    const time = new Date().toISOString()
    const line =
      format === 'json'
        ? JSON.stringify({ ...fields, time, level: at, message })
        : textLine(time, at, message, fields)
    process.stderr.write(`${line}\n`)
  }
}

function textLine(time: string, level: LogLevel, message: string, fields: Record<string, unknown>): string {
  const facts = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`)
  return `${time} ${level} ${message}${facts.join('')}`
}
