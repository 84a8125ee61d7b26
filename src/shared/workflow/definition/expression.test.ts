import fc from 'fast-check'
import jsonata from 'jsonata'
import { expect, it } from 'vitest'
import type { Json, JsonObject } from '../../tools/tool.ts'
import { namesIn } from './expression.ts'

const STEPS: JsonObject = {
  a: { text: 'A', steps: { a: 'inner', b: [1] }, list: [{ n: 1, steps: { a: 2 } }, { n: 3 }] },
  b: [{ n: 4 }, { n: 5, input: 6 }],
  c: 'C',
}
const DATA: JsonObject = {
  input: { list: [1, 2, { steps: { b: 7 } }], steps: { c: 8 } },
  item: { n: 9 },
  index: 2,
  error: { code: 'x' },
  steps: STEPS,
}

/** What the expression names of the data, as it is handed to it. */
function named(expression: string): JsonObject | undefined {
  const names = namesIn(expression)
  if ('fault' in names || names.whole.length > 0) return undefined
  if (!names.steps.every(id => Object.hasOwn(STEPS, id))) return undefined
  const kept = (['input', 'item', 'index', 'error'] as const).filter(name => names[name])
  const steps = Object.fromEntries(names.steps.map(id => [id, STEPS[id] ?? null]))
  return {
    ...Object.fromEntries(kept.map(name => [name, DATA[name] ?? null])),
    ...(names.steps.length > 0 ? { steps } : {}),
  }
}

async function outcome(expression: string, data: Json): Promise<string> {
  try {
    return (
      JSON.stringify(await jsonata(expression, { timeout: 1_000, stack: 100 }).evaluate(data)) ?? 'nothing'
    )
  } catch (error) {
    return `fails: ${String(Object(error).code)}`
  }
}

const { expression } = fc.letrec<{ expression: string; path: string }>(tie => ({
  path: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(
      'steps.a',
      'steps.b',
      '$$.steps.c',
      '$.steps.a',
      'input',
      'item',
      'index',
      '$$.error',
      'input.steps',
      '$',
    ),
    fc
      .tuple(
        tie('path'),
        fc.constantFrom(
          '.n',
          '.list',
          '.steps',
          '.a',
          '.steps.b',
          '[0]',
          '[n > 1]',
          '.*',
          '@$x',
          '#$i',
          '.input',
        ),
      )
      .map(([path, step]) => path + step),
    fc.tuple(tie('path'), tie('expression')).map(([path, inner]) => `${path}.(${inner})`),
    fc.tuple(tie('path'), tie('expression')).map(([path, inner]) => `${path}[${inner} = 1]`),
    fc.tuple(tie('path'), tie('expression')).map(([path, inner]) => `${path}{"k": ${inner}}`),
    fc.tuple(tie('path'), tie('path')).map(([path, key]) => `${path}^(${key})`),
  ),
  expression: fc.oneof(
    { depthSize: 'small' },
    tie('path'),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom(' & ', ' = ', ' and ', ' ~> $append([1]) & '),
        tie('expression'),
      )
      .map(parts => parts.join('')),
    fc
      .tuple(tie('path'), tie('expression'))
      .map(([list, inner]) => `$map(${list}, function($v) { [$v, ${inner}] })`),
    tie('expression').map(inner => `($v := ${inner}; {"v": $v, "l": [${inner}]})`),
    fc
      .tuple(tie('expression'), tie('expression'))
      .map(([test, inner]) => `(${test}) ? (${inner}) : $exists(${inner})`),
    tie('path').map(path => `${path} ~> |$|{"z": steps}|`),
  ),
}))

it('an expression gives the same on what it names as on all of the data', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(expression, async text => {
      const data = named(text)
      if (data === undefined) return
      compared += 1
      expect(await outcome(text, data)).toBe(await outcome(text, DATA))
    }),
    { numRuns: 2_000 },
  )
  expect(compared).toBeGreaterThan(500)
})

it('an expression nested deeper than a stack is a fault', () => {
  expect(namesIn(`${'('.repeat(9_000)}1${')'.repeat(9_000)}`)).toSatisfy(
    found => 'fault' in found || 'steps' in found,
  )
  expect(namesIn('a +')).toEqual({ fault: 'Unexpected end of expression', position: 3 })
})
