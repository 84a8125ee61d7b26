import type { LogLevel } from '../../logger.ts'
import type { Json, LogLine } from '../../tools/tool.ts'
import { isJsonObject } from '../json-object.ts'

const LEVELS = new Map<string, LogLevel>([
  ['debug', 'debug'],
  ['info', 'info'],
  ['notice', 'info'],
  ['warning', 'warning'],
])

/** A `notifications/message` as the log line of a tool that it was made of. */
export function logLineOf({ level, data }: { level: string; data: Json }): LogLine {
  const ours = LEVELS.get(level) ?? 'error'
  if (typeof data === 'string') return { level: ours, message: data }
  if (isJsonObject(data) && typeof data.message === 'string') {
    return { level: ours, message: data.message, ...(data.data === undefined ? {} : { data: data.data }) }
  }
  return { level: ours, message: '', data }
}
