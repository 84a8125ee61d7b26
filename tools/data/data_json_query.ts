import jsonata from 'jsonata'
import { z } from 'zod'
import { defineTool, EVERYWHERE, PURE } from '../../src/shared/tools/define-tool.ts'
import { InvalidInputError } from '../../src/shared/tools/errors.ts'
import { isJson } from '../../src/shared/tools/json.ts'

/** Longest evaluation, milliseconds: an endless recursion is ended long before the task's own time limit. */
const TIMEOUT_MS = 5_000
/** Deepest nesting of function calls in a query. */
const MAX_DEPTH = 500
/** Most items that a range or a sequence may grow to in memory. */
const MAX_ITEMS = 1_000_000

export default defineTool({
  name: 'data_json_query',
  category: 'data',
  title: 'Query JSON data',
  description:
    'Runs a JSONata query (https://docs.jsonata.org) on JSON data: selects, filters, joins, groups, sorts, aggregates ' +
    'and reshapes it. For example, $sum(orders[status="paid"].(price * quantity)) adds up what was paid.',
  effects: PURE,
  platforms: EVERYWHERE,
  input: z.strictObject({
    json: z.unknown().describe('The data: any JSON value'),
    query: z.string().min(1).max(100_000).describe('A JSONata expression'),
  }),
  output: z.object({
    result: z.unknown().describe('What the query gave: any JSON value; null when nothing matched'),
  }),
  async run({ json, query }) {
    const result = await evaluate(query, json)
    // A result may hold functions and carries marks of the engine; as JSON text it has neither.
    const text = JSON.stringify(result)
    const plain: unknown = text === undefined ? null : JSON.parse(text)
    return { result: isJson(plain) ? plain : null }
  },
})

/** A query that cannot be read, fails on the data or goes over a limit would do so again: it is bad input. */
async function evaluate(query: string, json: unknown): Promise<unknown> {
  try {
    return await jsonata(query, { timeout: TIMEOUT_MS, stack: MAX_DEPTH, sequence: MAX_ITEMS }).evaluate(json)
  } catch (error) {
    throw new InvalidInputError(
      '/query',
      query,
      `a JSONata expression that fits the data (${reasonOf(error)})`,
    )
  }
}

/** JSONata throws plain objects: message, and the position in the query. */
function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error)
  return 'position' in error ? `at position ${error.position}: ${error.message}` : String(error.message)
}
