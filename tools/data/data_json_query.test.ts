import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { tryTool } from '../try-tool.node.ts'
import dataJsonQuery from './data_json_query.ts'

const ORDERS = {
  orders: [
    { id: 1, status: 'paid', price: 2.5, quantity: 4 },
    { id: 2, status: 'open', price: 10, quantity: 1 },
    { id: 3, status: 'paid', price: 1, quantity: 3 },
  ],
}

describe('data_json_query', () => {
  it.each([
    ['$sum(orders[status="paid"].(price * quantity))', 13],
    ['orders[price > 2].id', [1, 2]],
    ['orders{status: $count(id)}', { paid: 2, open: 1 }],
    ['orders^(>price)[0].id', 2],
    ['nothing.here', null],
    ['"text" & 1', 'text1'],
  ])('%s', async (query, result) => {
    const got = await tryTool(dataJsonQuery, { json: ORDERS, query })
    expect(got).toEqual({ result })
  })

  it('reads a real lock file', async () => {
    const json: unknown = JSON.parse(
      await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8'),
    )
    const { result } = await tryTool(dataJsonQuery, { json, query: 'packages.*[license="MIT"] ~> $count()' })
    expect(result).toBeGreaterThan(50)
  })

  it('leaves functions out of a result', async () => {
    expect(await tryTool(dataJsonQuery, { json: null, query: '{"f": $sum, "a": 1}' })).toMatchObject({
      result: { a: 1 },
    })
  })

  it.each([
    ['orders[', 'Expected "]"'],
    ['$nosuch(1)', 'non-function'],
    ['"a" + 1', 'must evaluate to a number'],
    ['($f := function($n) { 1 + $f($n + 1) }; $f(0))', 'Stack overflow'],
    ['[1..100000000]', ''],
  ])('refuses %s and says why', async (query, reason) => {
    const refused = tryTool(dataJsonQuery, { json: ORDERS, query })
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/query' },
      message: expect.stringContaining(reason),
    })
  })

  it('ends an endless evaluation', async () => {
    const refused = tryTool(dataJsonQuery, { json: {}, query: '($f := function($n) { $f($n + 1) }; $f(0))' })
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('timeout'),
    })
  })
})
