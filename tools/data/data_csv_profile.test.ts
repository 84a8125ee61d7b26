import { describe, expect, it } from 'vitest'
import { fixtureBase64, TestContext, tryTool } from '../try-tool.node.ts'
import dataCsvProfile from './data_csv_profile.ts'

describe('data_csv_profile', () => {
  it('reads a file with BOM, semicolons, quotes, a line break in a field and an empty line', async () => {
    const context = new TestContext()
    const profile = await tryTool(dataCsvProfile, { base64: await fixtureBase64('orders.csv') }, context)
    expect(profile).toMatchObject({ rows: 4, delimiter: ';', problems: [] })
    expect(profile.columns.map(({ name, type, empty, distinct }) => [name, type, empty, distinct])).toEqual([
      ['name', 'string', 0, 3],
      ['city', 'string', 1, 2],
      ['amount, EUR', 'number', 0, 4],
      ['since', 'date', 0, 4],
      ['active', 'boolean', 0, 2],
    ])
    expect(profile.columns[0]!.top).toContainEqual({ value: 'He said "no"\nand left', count: 1 })
    expect(profile.columns[2]).toMatchObject({ min: -3, max: 1000, mean: 254.1875 })
    expect(profile.columns[3]).toMatchObject({ min: '2019-03-01', max: '2022-08-09', mean: null })
    expect(context.progressed.at(-1)).toEqual({ done: 5, total: 5 })
  })

  it.each([
    ['a,b\n1,2\n', ','],
    ['a\tb\n1\t2\n', '\t'],
    ['a|b\n1|2\n', '|'],
  ])('finds the delimiter of %j', async (text, delimiter) => {
    expect(await tryTool(dataCsvProfile, { text })).toMatchObject({
      delimiter,
      rows: 1,
      columns: [{ name: 'a' }, { name: 'b' }],
    })
  })

  it('names columns by number when there is no header', async () => {
    const { columns, rows } = await tryTool(dataCsvProfile, { text: '1,x\n2,y\n', header: false })
    expect(rows).toBe(2)
    expect(columns.map(({ name, type }) => [name, type])).toEqual([
      ['column_1', 'integer'],
      ['column_2', 'string'],
    ])
  })

  it('names rows that do not fit', async () => {
    const { problems } = await tryTool(dataCsvProfile, { text: 'a,b\n1,2\n3\n4,5,6\n' })
    expect(problems).toEqual([
      { row: 2, message: '1 fields instead of 2' },
      { row: 3, message: '3 fields instead of 2' },
    ])
  })

  it('reports a quote that never ends', async () => {
    const { problems } = await tryTool(dataCsvProfile, { text: 'a,b\n1,"2\n' })
    expect(problems.some(({ message }) => /quote/i.test(message))).toBe(true)
  })

  it('has no rows for an empty table', async () => {
    expect(await tryTool(dataCsvProfile, { text: 'a,b\n' })).toMatchObject({
      rows: 0,
      columns: [{ type: 'empty' }, { type: 'empty' }],
    })
    expect(await tryTool(dataCsvProfile, { text: '' })).toMatchObject({ rows: 0, columns: [] })
  })
})
