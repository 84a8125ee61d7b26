import { describe, expect, it } from 'vitest'
import { eventText } from './event-text.ts'

const at = '2026-01-01T00:00:00.000Z'
const error = { code: 'tool_failed', message: 'boom' }

describe('a change of a workflow in words', () => {
  it.each([
    [{ kind: 'submitted', by: 'local' }, 'submitted by local'],
    [{ kind: 'step_started', step: 'map', items: 3 }, 'map started, 3 items'],
    [{ kind: 'step_waiting', step: 'ask', signal: 'go' }, 'ask waits for the signal “go”'],
    [{ kind: 'item_ended', step: 'map', item: 2, state: 'failed', error }, 'map, item 2 failed: boom'],
    [{ kind: 'step_ended', step: 'sum', state: 'succeeded', cached: true }, 'sum succeeded from the cache'],
    [
      { kind: 'step_ended', step: 'sum', state: 'skipped', reason: 'depends on map, which failed' },
      'sum skipped: depends on map, which failed',
    ],
    [
      { kind: 'step_ended', step: 'sum', state: 'failed', continued: true, error },
      'sum failed, goes on with another value: boom',
    ],
    [
      { kind: 'rescheduled', by: 'local', generation: 2, steps: ['a', 'b'] },
      'run again as generation 2 by local: a, b',
    ],
    [{ kind: 'ended', state: 'failed', error }, 'failed: boom'],
    [{ kind: 'something_new' }, 'something new'],
  ])('%j', (event, text) => expect(eventText({ seq: 1, at, ...event })).toBe(text))
})
