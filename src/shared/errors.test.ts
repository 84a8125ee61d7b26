import { describe, expect, it } from 'vitest'
import { ERROR_TABLE, type ErrorFacts, errorFromFacts, factsOf, InvalidInputError } from './errors.ts'

describe('bad input', () => {
  it('is told with its field, its value and what is allowed', () => {
    const { details, message } = new InvalidInputError('/n', 'x'.repeat(500), 'an integer')
    expect(message).toMatch(/^\/n: got "x{119}…, allowed: an integer$/)
    expect(details).toMatchObject({ field: '/n', allowed: 'an integer' })
    expect(String(new InvalidInputError('/n', 1, 'a').toFacts().value)).toBe('1')
  })

  it('is told also when its value is nested deeper than a stack', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    expect(new InvalidInputError('/n', deep, 'a number').toFacts()).toMatchObject({
      field: '/n',
      // Whether writing it as JSON overflows the stack is for V8 to say: Deno's does not.
      value: expect.stringMatching(/^(a value nested too deeply|\[{120})…$/),
    })
  })

  it.each(['secret', '/secret', '/a/token', 'invite', 'auth.token'])(
    'never repeats what was given as %s',
    field => {
      const error = new InvalidInputError(field, 'hush', 'something else')
      expect(JSON.stringify([error.message, error.toFacts()])).not.toContain('hush')
    },
  )
})

describe('one of several faults', () => {
  it('is told as it would be by itself, its value shortened', () => {
    expect(new InvalidInputError('/n', 'x'.repeat(500), 'an integer').toFault()).toEqual({
      field: '/n',
      message: expect.stringMatching(/^\/n: got "x{119}…, allowed: an integer$/),
      value: expect.stringMatching(/^"x{119}…$/),
      allowed: 'an integer',
    })
    expect(new InvalidInputError('/n', undefined, 'an integer').toFault()).not.toHaveProperty('value')
  })
})

describe('facts of an error', () => {
  it('come back as the error that they are of, whatever another peer calls it', () => {
    const facts: ErrorFacts = { code: 'queue_full', message: 'm', retryable: true, retry_after_ms: 5 }
    expect(factsOf(errorFromFacts(facts))).toEqual(facts)
    const odd = { code: 'toString', message: 'm', retryable: false } as unknown as ErrorFacts
    expect(errorFromFacts(odd).code).toBe('internal')
  })

  it('map as docs/PROTOCOL.md says', () => {
    expect(ERROR_TABLE.invalid_input).toMatchObject({ jsonrpc: 'result', http: 400, exit: 2 })
    expect(ERROR_TABLE.unauthenticated).toMatchObject({ jsonrpc: -32001, http: 401, exit: 3 })
    expect(ERROR_TABLE.forbidden).toMatchObject({ jsonrpc: -32001, http: 403, exit: 3 })
    expect(ERROR_TABLE.queue_full).toMatchObject({ jsonrpc: -32005, http: 429, exit: 4, retryable: true })
    expect(ERROR_TABLE.unavailable).toMatchObject({ jsonrpc: 'result', http: 503, exit: 4, retryable: true })
    expect(ERROR_TABLE.frame_too_large).toMatchObject({ jsonrpc: -32003 })
  })
})
