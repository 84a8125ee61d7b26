import { ToolmeshError } from '../../errors.ts'
import type { SessionEnd } from '../session-contract.ts'

/** Why there is no session, from what was thrown when one was opened. */
export function endOf(error: unknown): SessionEnd {
  if (error instanceof ToolmeshError) return { code: error.code, message: error.message }
  return { code: 'unavailable', message: error instanceof Error ? error.message : String(error) }
}
