import type { LoggingLevel } from '@modelcontextprotocol/sdk/types.js'
import type { Logger, LogLevel } from '../../logger.ts'
import type { LogLine, Progress } from '../../tools/tool.ts'
import type { CallContext } from '../surface.ts'
import type { MethodRequest } from './method.ts'

/** Progress of one call that is passed on at most; a tool, or the peer that runs it, may report without end. */
export const MAX_PROGRESS = 10_000
/** Log lines of one call that are passed on at most, and how much of each: characters of text, bytes of data as JSON. */
export const MAX_LOG_LINES = 1_000
const LOG_CHARS = 4_096
const LOG_DATA_CHARS = 16_384

/** `_meta` of a call whose caller reads only `structuredContent`. */
export const STRUCTURED_ONLY_META = 'toolmesh/structured'
/**
 * `_meta` of a call, and of the log notifications of that call: a key of the caller's own, as MCP gives logs no
 * tie to a request and calls share a session.
 */
export const LOG_KEY_META = 'toolmesh/log'

/** MCP's levels (RFC 5424), least severe first. */
export const LOGGING_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const satisfies readonly LoggingLevel[]

/**
 * The context of one `tools/call`: what the tool reports goes out as notifications that belong to the request,
 * progress only if the caller gave a token for it, logs from the level that the session asked for.
 */
export function callContext(
  { principal, extra }: MethodRequest,
  tool: string,
  minimumLevel: () => LoggingLevel,
  logger: Logger,
): CallContext {
  const notify = (method: string, params: Record<string, unknown>): void => {
    extra.sendNotification({ method, params }).catch(error => {
      logger('debug', 'a notification of a call was not sent', { tool, method, error: String(error) })
    })
  }
  const logKey = extra._meta?.[LOG_KEY_META]
  let lines = 0
  const onLog = (line: LogLine): void => {
    if (severity(line.level) < severity(minimumLevel()) || lines > MAX_LOG_LINES) return
    lines += 1
    const { level, message, data } = lines > MAX_LOG_LINES ? LINES_LEFT_OUT : bounded(line)
    notify('notifications/message', {
      level,
      logger: tool,
      data: data === undefined ? message : { message, data },
      ...(logKey === undefined ? {} : { _meta: { [LOG_KEY_META]: logKey } }),
    })
  }
  const progressToken = extra._meta?.progressToken
  const structuredOnly = extra._meta?.[STRUCTURED_ONLY_META] === true
  const base = { principal, signal: extra.signal, structuredOnly, onLog }
  if (progressToken === undefined) return base

  let last = Number.NEGATIVE_INFINITY
  let told = 0
  const onProgress = ({ done, total, message }: Progress): void => {
    // MCP "Progress": the value must increase with each notification.
    if (done <= last || told >= MAX_PROGRESS) return
    last = done
    told += 1
    notify('notifications/progress', {
      progressToken,
      progress: done,
      ...(total === undefined ? {} : { total }),
      ...(message === undefined ? {} : { message: message.slice(0, LOG_CHARS) }),
    })
  }
  return { ...base, onProgress }
}

const LINES_LEFT_OUT: LogLine = { level: 'warning', message: 'further log lines of this call are left out' }

function bounded({ level, message, data }: LogLine): LogLine {
  const fits = data !== undefined && JSON.stringify(data).length <= LOG_DATA_CHARS
  return { level, message: message.slice(0, LOG_CHARS), ...(fits ? { data } : {}) }
}

function severity(level: LogLevel | LoggingLevel): number {
  return LOGGING_LEVELS.indexOf(level)
}
