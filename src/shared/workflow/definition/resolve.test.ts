import fc from 'fast-check'
import jsonata from 'jsonata'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../tools/tool.ts'
import type { Evaluate } from '../ports.ts'
import { planOf } from './definition.fixture.ts'
import type { CompiledTemplate } from './plan.ts'
import { resolve, type TemplateValues, truthy } from './resolve.ts'

const OUTPUTS: Record<string, Json> = {
  a: { text: 'A', list: [1, { 'x/y': 'deep', '': 'empty', '~': 'tilde' }], none: null },
  b: [true, 'B'],
  gone: null,
}

/** The template as the params of a step behind `a`, `b` and `gone`, in a `for_each`. */
function compiled(template: Json): CompiledTemplate {
  const before = Object.keys(OUTPUTS).map(id => ({ id, tool: 'any' }))
  const step = { id: 'last', tool: 'any', params: { it: template }, for_each: { items: [{ n: 3 }] } }
  const work = planOf({ name: 'test', steps: [...before, step] }).step('last')?.work
  if (work?.kind !== 'task') throw new Error('a task was expected')
  return work.params
}

const VALUES: TemplateValues = {
  input: { who: 'ann', ids: [7, 8] },
  steps: index => Object.values(OUTPUTS)[index] ?? null,
  item: { n: 3 },
  index: 2,
}

const plain = (value: unknown): Json => (value === undefined ? null : JSON.parse(JSON.stringify(value)))
const evaluate: Evaluate = async (expression, data) => plain(await jsonata(expression).evaluate(data))
const signal = new AbortController().signal

async function resolved(template: Json): Promise<Json | undefined> {
  const params = await resolve(compiled(template), VALUES, evaluate, signal)
  return (params as JsonObject).it
}

describe('a template', () => {
  it.each<[Json, Json]>([
    [{ $from: 'a', path: '/text' }, 'A'],
    [{ $from: 'a' }, OUTPUTS.a ?? null],
    [{ $from: 'a', path: '/list/1/x~1y' }, 'deep'],
    [{ $from: 'a', path: '/list/1/' }, 'empty'],
    [{ $from: 'a', path: '/list/1/~0' }, 'tilde'],
    [{ $from: 'a', path: '/none' }, null],
    [{ $from: 'b', path: '/1' }, 'B'],
    [{ $from: 'input', path: '/ids' }, [7, 8]],
    [
      [{ $from: 'item', path: '/n' }, { $from: 'index' }],
      [3, 2],
    ],
    [{ $expr: 'input.who & steps.a.text & item.n & index' }, 'annA32'],
    [{ $expr: 'steps.a.nothing' }, null],
    [{ x: [{ $expr: '$sum(input.ids)' }, { $expr: 'steps.b[1]' }] }, { x: [15, 'B'] }],
    [{ $literal: { $from: 'a' } }, { $from: 'a' }],
    [
      { $ref: '#/x', y: { $literal: 1 } },
      { $ref: '#/x', y: 1 },
    ],
    [JSON.parse('{"__proto__": {"$from": "a", "path": "/text"}}'), JSON.parse('{"__proto__": "A"}')],
  ])('%j stands for %j', async (template, value) => {
    expect(await resolved(template)).toEqual(value)
  })

  it('of a step without an output is null at every path', async () => {
    expect(await resolved([{ $from: 'gone' }, { $from: 'gone', path: '/a/0' }])).toEqual([null, null])
  })

  it('is there at once without an expression, and shares what it refers to', () => {
    const template = compiled({ $from: 'a' })
    const value = resolve(template, VALUES, () => Promise.reject(new Error('not asked')), signal)
    expect((value as JsonObject).it).toBe(OUTPUTS.a)
    expect(template.needs).toMatchObject({ input: false, item: false, outputs: new Map([[0, ['']]]) })
    expect(compiled('x').constant).toEqual({ value: { it: 'x' } })
  })

  it('hands an expression only what that names', async () => {
    const given: Json[] = []
    const spy: Evaluate = async (_, data) => given.push(data)
    await resolve(compiled([{ $expr: 'steps.b' }, { $expr: 'input & index' }]), VALUES, spy, signal)
    expect(given).toEqual([{ steps: { b: [true, 'B'] } }, { input: VALUES.input, index: 2 }])
  })

  it.each([
    [
      { $from: 'a', path: '/txt' },
      'path: got "/txt", allowed: a path that is there; the output of a is an object with text, list, none',
    ],
    [
      { $from: 'b', path: '/2' },
      'path: got "/2", allowed: a path that is there; the output of b is a list of 2',
    ],
    [
      { $from: 'b', path: '/-' },
      'path: got "/-", allowed: a path that is there; the output of b is a list of 2',
    ],
    [
      { $from: 'b', path: '/01' },
      'path: got "/01", allowed: a path that is there; the output of b is a list of 2',
    ],
    [
      { $from: 'a', path: '/text/length' },
      'path: got "/text/length", allowed: a path that is there; /text in the output of a is a string',
    ],
    [
      { $from: 'a', path: '/constructor' },
      'path: got "/constructor", allowed: a path that is there; the output of a is an object with text, list, none',
    ],
    [
      { $from: 'input', path: '/no' },
      'path: got "/no", allowed: a path that is there; the workflow\'s input is an object with who, ids',
    ],
  ])('%j leads nowhere', (template, message) => {
    expect(() => resolve(compiled(template), VALUES, evaluate, signal)).toThrow(
      expect.objectContaining({ code: 'invalid_input', message }),
    )
  })

  it('fails with its expression', async () => {
    const failing: Evaluate = () => Promise.reject(new Error('too slow'))
    await expect(resolve(compiled({ $expr: 'input' }), VALUES, failing, signal)).rejects.toThrow('too slow')
  })
})

/** By its definition, without anything made ready. */
function naive(template: Json): Json {
  if (Array.isArray(template)) return template.map(naive)
  if (typeof template !== 'object' || template === null) return template
  if (Object.hasOwn(template, '$literal')) return template.$literal ?? null
  if (Object.hasOwn(template, '$from')) {
    let value: Json = OUTPUTS[String(template.$from)] ?? null
    for (const token of String(template.path ?? '')
      .split('/')
      .slice(1))
      value = value === null ? null : ((value as JsonObject)[token] ?? null)
    return value
  }
  return Object.fromEntries(Object.entries(template).map(([key, part]) => [key, naive(part)]))
}

it('any template is resolved as it is defined', () => {
  const reference = fc.constantFrom<Json>(
    { $from: 'a' },
    { $from: 'a', path: '/text' },
    { $from: 'a', path: '/list/1' },
    { $from: 'b', path: '/0' },
    { $from: 'gone', path: '/x' },
  )
  const literal = fc.jsonValue().map(value => ({ $literal: value as Json }))
  const { template } = fc.letrec<{ template: Json }>(tie => ({
    template: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.jsonValue({ maxDepth: 0 }) as fc.Arbitrary<Json>,
      reference,
      literal,
      fc.array(tie('template'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('template'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(template, source => {
      const given: Json = JSON.parse(JSON.stringify(source))
      const params = resolve(compiled(given), VALUES, evaluate, signal)
      expect((params as JsonObject).it).toEqual(naive(given))
    }),
    { numRuns: 300 },
  )
})

it.each<Json>([null, true, false, 0, 1, -1, '', 'false', [], [0], [0, ''], [[], {}], [0, 1], {}, { a: 0 }])(
  'a condition is %j as by $boolean of JSONata',
  async value => {
    expect(truthy(value)).toBe(await jsonata('$boolean(x)').evaluate({ x: value }))
  },
)
