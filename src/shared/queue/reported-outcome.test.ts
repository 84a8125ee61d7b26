import { describe, expect, it } from 'vitest'
import type { ErrorFacts } from '../errors.ts'
import { reportedOutcome, utf8Length } from './reported-outcome.ts'

const limits = { resultBytes: 64 }

describe('an outcome as a worker reports it', () => {
  it('keeps a result within the limit as text, and fails for good beyond it', () => {
    expect(reportedOutcome({ state: 'succeeded', result: { a: 1 } }, limits)).toEqual({
      state: 'succeeded',
      result: '{"a":1}',
    })
    const large = reportedOutcome({ state: 'succeeded', result: 'é'.repeat(40) }, limits)
    expect(large).toMatchObject({ state: 'failed', error: { code: 'tool_failed', retryable: false } })
  })

  it('keeps an error as it is, and little of one that is large', () => {
    const error: ErrorFacts = { code: 'tool_failed', message: 'no', retryable: true, field: '/a', value: 1 }
    expect(reportedOutcome({ state: 'failed', error }, limits)).toEqual({ state: 'failed', error })
    const huge = 'x'.repeat(1_000_000)
    const flood = {
      code: 'timed_out',
      message: huge,
      retryable: true,
      field: huge,
      value: [huge],
      allowed: huge,
    }
    const kept = reportedOutcome({ state: 'cancelled', error: flood as ErrorFacts }, limits)
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
