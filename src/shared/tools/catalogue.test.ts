import { describe, expect, it } from 'vitest'
import { Catalogue } from './catalogue.ts'
import type { ToolDescriptor } from './tool.ts'

function descriptor(name: string, category: string): ToolDescriptor {
  return {
    name,
    category,
    title: name,
    description: name,
    effects: { repeat: 'pure', reach: [] },
    platforms: ['node'],
    inline_max_bytes: 0,
    input_schema: { type: 'object' },
    output_schema: { type: 'object' },
    interface_cid: 'i',
    code_cid: 'c',
    module: `${category}/${name}.ts`,
  }
}

describe('Catalogue', () => {
  const catalogue = new Catalogue([
    descriptor('b_one', 'b'),
    descriptor('a_one', 'a'),
    descriptor('b_two', 'b'),
  ])

  it('finds a tool by its name', () => {
    expect(catalogue.get('a_one')?.category).toBe('a')
    expect(catalogue.get('nothing')).toBeUndefined()
    expect(catalogue.get('constructor')).toBeUndefined()
  })

  it('lists all tools or those of a category', () => {
    expect(catalogue.list().map(({ name }) => name)).toEqual(['b_one', 'a_one', 'b_two'])
    expect(catalogue.list('b').map(({ name }) => name)).toEqual(['b_one', 'b_two'])
    expect(catalogue.list('c')).toEqual([])
  })

  it('counts the tools of each category', () => {
    expect(catalogue.categories()).toEqual([
      { category: 'b', tools: 2 },
      { category: 'a', tools: 1 },
    ])
  })

  it('refuses two tools of one name', () => {
    expect(() => new Catalogue([descriptor('x', 'a'), descriptor('x', 'b')])).toThrow(/two tools are named x/)
  })
})
