import { describe, expect, it } from 'vitest'
import { approvalOf, fieldsOf, payloadOf } from './signal-fields.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    approved: { type: 'boolean', title: 'Publish it?' },
    note: { type: 'string', maxLength: 200 },
    copies: { type: 'integer', minimum: 1, maximum: 9, default: 2 },
    due: { type: 'string', format: 'date' },
    place: { type: 'string', enum: ['eu', 'us'], enumNames: ['Europe', 'America'] },
    size: { oneOf: [{ const: 's', title: 'Small' }, { const: 'l' }] },
    tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, maxItems: 2 },
  },
  required: ['approved', 'copies', 'tags'],
}

describe('the form of a signal', () => {
  const fields = fieldsOf(SCHEMA)!

  it('has a field for each plain property, in order, with its limits', () => {
    expect(fields.map(({ name, input }) => [name, input.kind])).toEqual([
      ['approved', 'switch'],
      ['note', 'text'],
      ['copies', 'number'],
      ['due', 'text'],
      ['place', 'choice'],
      ['size', 'choice'],
      ['tags', 'choices'],
    ])
    expect(fields[0]).toMatchObject({ label: 'Publish it?', required: true })
    expect(fields[2]).toMatchObject({ input: { integer: true, min: 1, max: 9 }, initial: 2 })
    expect(fields[3]).toMatchObject({ input: { type: 'date' } })
    expect(fields[4]).toMatchObject({
      input: { options: [{ value: 'eu', label: 'Europe' }, { value: 'us' }] },
    })
    expect(fields[5]).toMatchObject({ input: { options: [{ label: 'Small' }, { label: 'l' }] } })
  })

  it('gives a payload of the right types, without what was left empty', () => {
    const filled: Record<string, string[]> = {
      approved: ['true'],
      note: [''],
      copies: ['3'],
      place: ['us'],
      tags: ['a', 'b'],
    }
    expect(payloadOf(fields, name => filled[name] ?? [])).toEqual({
      approved: true,
      copies: 3,
      place: 'us',
      tags: ['a', 'b'],
    })
    expect(payloadOf(fields, () => [])).toEqual({ approved: false, tags: [] })
  })

  it('knows the field that approves', () => {
    expect(approvalOf(fields)?.name).toBe('approved')
    const only = fieldsOf({ properties: { go: { type: 'boolean' } } })!
    expect(approvalOf(only)?.name).toBe('go')
    expect(
      approvalOf(fieldsOf({ properties: { go: { type: 'boolean' }, n: { type: 'number' } } })!),
    ).toBeUndefined()
  })

  it('is none where the schema is not of plain fields', () => {
    expect(fieldsOf({ properties: { deep: { type: 'object' } } })).toBeUndefined()
    expect(fieldsOf({ type: 'string' })).toBeUndefined()
  })
})
