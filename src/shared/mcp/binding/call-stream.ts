import type { LoggingLevel } from '@modelcontextprotocol/sdk/types.js'
import type { Logger, LogLevel } from '../../logger.ts'
import type { LogLine, Progress } from '../../tools/tool.ts'
import type { CallContext } from '../surface.ts'
import type { MethodRequest } from './method.ts'

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
  const onLog = ({ level, message, data }: LogLine): void => {
    if (severity(level) < severity(minimumLevel())) return
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
