import type { LoggingLevel } from '@modelcontextprotocol/sdk/types.js'
import type { Logger, LogLevel } from '../../logger.ts'
import type { LogLine, Progress } from '../../tools/tool.ts'
import type { CallContext } from '../surface.ts'
import type { MethodRequest } from './method.ts'

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
  const onLog = ({ level, message, data }: LogLine): void => {
    if (severity(level) < severity(minimumLevel())) return
    notify('notifications/message', {
      level,
      logger: tool,
      data: data === undefined ? message : { message, data },
    })
  }
  const progressToken = extra._meta?.progressToken
  const base = { principal, signal: extra.signal, onLog }
  if (progressToken === undefined) return base

  let last = Number.NEGATIVE_INFINITY
  const onProgress = ({ done, total, message }: Progress): void => {
    // MCP "Progress": the value must increase with each notification.
    if (done <= last) return
    last = done
    notify('notifications/progress', {
      progressToken,
      progress: done,
      ...(total === undefined ? {} : { total }),
      ...(message === undefined ? {} : { message }),
    })
  }
  return { ...base, onProgress }
}

function severity(level: LogLevel | LoggingLevel): number {
  return LOGGING_LEVELS.indexOf(level)
}
