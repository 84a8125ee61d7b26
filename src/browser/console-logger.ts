import type { Logger } from '../shared/logger.ts'

const WRITE = { debug: 'debug', info: 'info', warning: 'warn', error: 'error' } as const

/** The page's console. */
export const consoleLogger: Logger = (level, message, fields) => {
  console[WRITE[level]](`toolmesh: ${message}`, fields ?? '')
}
