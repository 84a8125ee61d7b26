export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

/** Where a part reports what it does. `fields` are JSON; never a secret. */
export type Logger = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void

export const silentLogger: Logger = () => {}
