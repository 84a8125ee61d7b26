import { InvalidInputError, ToolmeshError } from '../../errors.ts'
import type { Json, JsonSchema } from '../../tools/tool.ts'
import { checkGiven } from '../definition/check-given.ts'
import type { Plan } from '../definition/plan.ts'
import type { Progress } from './progress.ts'

/**
 * Throws `invalid_input` for a signal that no step waits for, or a payload that does not fit a step which does: it is
 * not known yet which of several takes it.
 */
export function checkSignal(plan: Plan, signal: string, payload: Json): void {
  const names = new Set<string>()
  const schemas = new Map<string, JsonSchema | undefined>()
  for (const { work } of plan.steps) {
    if (work.kind !== 'signal') continue
    names.add(work.signal)
    // Steps that ask the same of it are looked at once.
    if (work.signal === signal) schemas.set(JSON.stringify(work.schema ?? null), work.schema)
  }
  for (const schema of schemas.values()) checkGiven(payload, schema, '/payload')
  if (names.has(signal)) return
  const known = [...names].slice(0, 20).join(', ')
  throw new InvalidInputError(
    '/signal',
    signal,
    known === '' ? 'none: no step waits for a signal' : `one of ${known}`,
  )
}

/** Throws `queue_full` where as many signals of this name wait for their step as may. */
export function ensureSignalRoom(
  progress: Pick<Progress, 'nextSignal' | 'signalsCame'>,
  signal: string,
  most: number,
): void {
  const next = progress.nextSignal(signal)
  if (next === undefined || progress.signalsCame(signal) - next < most) return
  throw new ToolmeshError('queue_full', `${most} signals ${signal} wait for their step already`)
}
