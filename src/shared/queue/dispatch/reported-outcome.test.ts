import { describe, expect, it } from 'vitest'
import type { ErrorFacts } from '../../errors.ts'
import { reportedOutcome, utf8Length } from './reported-outcome.ts'

describe('an outcome as a worker reports it', () => {
  it('keeps a result as text', () => {
    expect(reportedOutcome({ state: 'succeeded', result: { a: 1 } })).toEqual({
      state: 'succeeded',
      result: '{"a":1}',
    })
  })

  it('keeps an error as it is, and little of one that is large', () => {
    const error: ErrorFacts = { code: 'tool_failed', message: 'no', retryable: true, field: '/a', value: 1 }
    expect(reportedOutcome({ state: 'failed', error })).toEqual({ state: 'failed', error })
    const huge = 'x'.repeat(1_000_000)
    const flood = {
      code: 'timed_out',
      message: huge,
      retryable: true,
      field: huge,
      value: [huge],
      allowed: huge,
    }
    const kept = reportedOutcome({ state: 'cancelled', error: flood as ErrorFacts })
    expect(kept).toMatchObject({ state: 'cancelled', error: { code: 'timed_out', retryable: true } })
    expect(JSON.stringify(kept).length).toBeLessThan(8_192)
  })
})

describe('utf8Length', () => {
  it('counts as an encoder does', () => {
    for (const text of ['', 'abc', 'é', '€', '😀', 'a€😀é']) {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).byteLength)
    }
  })
})
