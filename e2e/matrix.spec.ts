/** Every kind of peer reaches every kind over every transport that there is for the two; `npm run bench -- matrix` measures the same. */
import { expect, test } from 'playwright/test'
import { type Cell, runMatrix } from '../bench/matrix/run-matrix.ts'

/** Enough to see that calls and echoes pass; a value is a blob of its own, sent and fetched. */
const LITTLE = { calls: 4, bytes: 1_000_000, values: 1 }

test('node, Deno and tab to node, Deno and tab, over every transport, direct and relayed', async () => {
  test.setTimeout(240_000)
  const cells = await runMatrix(LITTLE, cell => console.log(lineOf(cell)))
  expect(cells.filter(({ error }) => error !== undefined).map(lineOf)).toEqual([])
  const passed = cells.filter(({ measured }) => measured !== undefined)
  const ways = passed.map(({ from, to, transport }) => `${from} ${to} ${transport}`)
  expect(new Set(passed.map(({ measured, transport }) => measured?.path === transport))).toEqual(
    new Set([true]),
  )
  // Nodes listen by five transports and are reached by a relay, tabs by WebRTC and a relay.
  expect(ways.filter(way => way.includes(' tab '))).toHaveLength(6)
  expect(ways).toContain('tab deno webtransport')
  expect(ways).toHaveLength(40)
})

function lineOf({ from, to, transport, measured, error, missing }: Cell): string {
  const what = measured === undefined ? (error ?? missing) : `dial ${measured.dialMs.toFixed(0)} ms`
  return `${from} to ${to} by ${transport}: ${what}`
}
