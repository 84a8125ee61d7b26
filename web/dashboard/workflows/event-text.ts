import type { EventRow } from '../../feed/workflow-schemas.ts'

/** A change of a workflow in a few words, for a person; a kind that this page does not know is named as it is. */
export function eventText(event: EventRow): string {
  const text = (name: string): string => {
    const value = event[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  const error = messageOf(event.error)
  const because = (why: string) => (why === '' ? '' : `: ${why}`)
  switch (event.kind) {
    case 'submitted':
      return `submitted by ${text('by')}`
    case 'claimed':
      return `an engine took it, with fence ${text('fence')}`
    case 'step_started':
      return event.items === undefined
        ? `${text('step')} started`
        : `${text('step')} started, ${text('items')} items`
    case 'step_waiting':
      return `${text('step')} waits for ${waitedFor(text('signal'), text('until'))}`
    case 'item_ended':
      return `${text('step')}, item ${text('item')} ${text('state')}${cached(event)}${because(error)}`
    case 'compensation_started':
      return `${text('step')} failed and is compensated${because(error)}`
    case 'step_ended': {
      const goesOn = event.continued === true ? ', goes on with another value' : ''
      return `${text('step')} ${text('state')}${cached(event)}${goesOn}${because(error || text('reason'))}`
    }
    case 'signalled':
      return `signal “${text('signal')}” by ${text('by')}`
    case 'cancel_requested':
      return `cancelled by ${text('by')}${because(text('reason'))}`
    case 'rescheduled': {
      const steps = Array.isArray(event.steps) ? event.steps.join(', ') : ''
      return `run again as generation ${text('generation')} by ${text('by')}${because(steps)}`
    }
    case 'request_refused':
      return `${text('request').replaceAll('_', ' ')} refused${because(error)}`
    case 'handover_began':
      return `is handed over to ${text('to')}`
    case 'handover_refused':
      return `${text('to')} did not take it${because(error)}`
    case 'handed_over':
      return `handed over to ${text('to')}`
    case 'adopted':
      return `taken over from ${text('from')}`
    case 'ended':
      return `${text('state')}${because(error)}`
    default:
      return event.kind.replaceAll('_', ' ')
  }
}

function cached(event: EventRow): string {
  return event.cached === true ? ' from the cache' : ''
}

function waitedFor(signal: string, until: string): string {
  if (signal !== '') return `the signal “${signal}”`
  return until === '' ? 'its time' : new Date(until).toLocaleString()
}

function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return ''
  return String(error.message)
}
