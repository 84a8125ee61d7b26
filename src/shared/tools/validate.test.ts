import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../errors.ts'
import type { JsonSchema } from './tool.ts'
import { validateAgainst } from './validate.ts'

const schema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    text: { type: 'string', maxLength: 10, description: 'The text' },
    count: { type: 'integer', minimum: 1, maximum: 9 },
    mode: { enum: ['fast', 'exact'] },
    'a/b~c': { type: 'array', items: { $ref: '#/$defs/item' } },
  },
  required: ['text'],
  additionalProperties: false,
  $defs: { item: { type: 'object', properties: { id: { type: 'number' } }, required: ['id'] } },
}

function refusal(value: unknown): InvalidInputError {
  try {
    validateAgainst(schema, value, 'params')
  } catch (error) {
    if (error instanceof InvalidInputError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('validateAgainst', () => {
  it('accepts what fits', () => {
    expect(() =>
      validateAgainst(schema, { text: 'hi', count: 9, mode: 'fast', 'a/b~c': [{ id: 1 }] }, 'params'),
    ).not.toThrow()
  })

  it.each([
    [{}, '/text', 'a string (The text)'],
    [{ text: 7 }, '/text', 'a string (The text)'],
    [{ text: 'far too long' }, '/text', 'at most 10 characters'],
    [{ text: 'a', count: 10 }, '/count', '1 to 9'],
    [{ text: 'a', count: 1.5 }, '/count', 'an integer'],
    [{ text: 'a', mode: 'slow' }, '/mode', 'one of fast, exact'],
    [{ text: 'a', txt: 'b' }, '/txt', 'only these properties: text, count, mode, a/b~c'],
    [{ text: 'a', 'a/b~c': [{ id: 1 }, { id: 'x' }] }, '/a~1b~0c/1/id', 'a number'],
    [{ text: 'a', 'a/b~c': [{}] }, '/a~1b~0c/0/id', 'a number'],
    [[], 'params', 'an object'],
    [null, 'params', 'an object'],
  ])('of %j names the field %s and what is allowed', (value, field, allowed) => {
    expect(refusal(value).details).toMatchObject({ field, allowed })
  })

  it('shows the value that was given', () => {
    expect(refusal({ text: 'a', count: 12 }).message).toBe('/count: got 12, allowed: 1 to 9')
  })

  it('compiles a schema once', () => {
    const counted = new Proxy(schema, {})
    validateAgainst(counted, { text: 'a' }, 'params')
    const started = performance.now()
    for (let run = 0; run < 1_000; run++) validateAgainst(counted, { text: 'a' }, 'params')
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})
