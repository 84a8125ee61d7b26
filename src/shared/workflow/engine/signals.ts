import { InvalidInputError } from '../../errors.ts'
import type { Json } from '../../tools/tool.ts'
import { validateAgainst } from '../../tools/validate.ts'
import type { Plan, PlanStep } from '../definition/plan.ts'

type SignalWait = Extract<PlanStep['work'], { kind: 'signal' }>

function checkPayload({ schema }: SignalWait, payload: Json): void {
  if (schema === undefined) return
  try {
    validateAgainst(schema, payload, 'payload')
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    const { field, value, allowed } = error.details
    const below = field?.startsWith('/') ? field : ''
    throw new InvalidInputError(`/payload${below}`, value, allowed ?? 'a payload that fits')
  }
}

/**
 * Throws `invalid_input` for a signal that no step waits for, or a payload that does not fit a step which does: it is
 * not known yet which of several takes it.
 */
export function checkSignal(plan: Plan, signal: string, payload: Json): void {
  const names = new Set<string>()
  for (const { work } of plan.steps) {
    if (work.kind !== 'signal') continue
    names.add(work.signal)
    if (work.signal === signal) checkPayload(work, payload)
  }
  if (names.has(signal)) return
  const known = [...names].slice(0, 20).join(', ')
  throw new InvalidInputError(
    '/signal',
    signal,
    known === '' ? 'none: no step waits for a signal' : `one of ${known}`,
  )
}
