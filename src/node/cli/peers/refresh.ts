import type { JsonObject } from '../../../shared/tools/tool.ts'
import type { Invocation } from '../command.ts'
import { UsageError } from '../errors.ts'
import { durationFlag, given } from '../flag-values.ts'

/** `--refresh --wait 5s`, as the tools take it. Throws UsageError. */
export function refreshOf(flags: Invocation['flags']): JsonObject {
  const wait = durationFlag(flags, 'wait')
  if (wait !== undefined && !flags.has('refresh')) throw new UsageError('--wait is for --refresh')
  return given({ refresh: flags.has('refresh') || undefined, timeout_ms: wait })
}
