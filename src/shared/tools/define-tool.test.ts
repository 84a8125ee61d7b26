import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineTool, EVERYWHERE, PURE } from './define-tool.ts'
import { describeTool } from './descriptor.ts'

const definition = {
  name: 'text_reverse',
  category: 'text',
  title: 'Reverse',
  description: 'Reverses a text',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z.strictObject({ text: z.string().describe('The text'), times: z.int().min(1).default(1) }),
  output: z.object({ text: z.string(), count: z.int() }),
  run: ({ text }: { text: string }) => ({ text, count: 1 }),
}

describe('defineTool', () => {
  it('never runs a tool inline unless its author says so', () => {
    expect(defineTool(definition).inlineMaxBytes).toBe(0)
    expect(defineTool({ ...definition, inlineMaxBytes: 10 }).inlineMaxBytes).toBe(10)
  })

  it.each(['', 'Text', 'text-reverse', '1text', 'a'.repeat(65)])('refuses the name "%s"', name => {
    expect(() => defineTool({ ...definition, name })).toThrow(/must match/)
  })
})

describe('describeTool', () => {
  const code = { module: 'text/text_reverse.ts', codeCid: 'bafkreicode' }

  it('gives schemas that ask for what the input must have, and promise what the output has', () => {
    const descriptor = describeTool(defineTool(definition), code)
    expect(descriptor.input_schema).toMatchObject({
      type: 'object',
      required: ['text'],
      additionalProperties: false,
    })
    expect(descriptor.output_schema).toMatchObject({ type: 'object', required: ['text', 'count'] })
    expect(descriptor.input_schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' })
  })

  it('leaves out the bounds that every integer has', () => {
    const { output_schema, input_schema } = describeTool(defineTool(definition), code)
    expect(output_schema.properties).toMatchObject({ count: { type: 'integer' } })
    expect(JSON.stringify([output_schema, input_schema])).not.toContain('9007199254740991')
  })

  it('names the interface by its content: another description is another interface, other code is not', () => {
    const { interface_cid } = describeTool(defineTool(definition), code)
    const reworded = defineTool({ ...definition, description: 'Turns a text round' })
    expect(describeTool(reworded, code).interface_cid).not.toBe(interface_cid)
    expect(describeTool(defineTool(definition), { ...code, codeCid: 'other' }).interface_cid).toBe(
      interface_cid,
    )
  })

  it('refuses a schema that JSON Schema cannot say, and a root that is no object', () => {
    const dated = defineTool({
      ...definition,
      output: z.object({ at: z.date() }),
      run: () => ({ at: new Date(0) }),
    })
    expect(() => describeTool(dated, code)).toThrow(/no JSON Schema/)
    const listed = defineTool({ ...definition, output: z.array(z.string()), run: () => [] })
    expect(() => describeTool(listed, code)).toThrow(/must be an object/)
  })
})
