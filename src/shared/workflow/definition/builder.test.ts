import jsonata from 'jsonata'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { error, expr, type Reference, workflow } from './builder.ts'
import { compile } from './compile.ts'
import { TEST_TOOLS } from './definition.fixture.ts'

interface Split {
  parts: { text: string; size: number }[]
  total: number
}

describe('the builder', () => {
  const inner = workflow<{ n: number }>('inner', { input: { type: 'object' } })
  inner.wait('pause', 5)

  const flow = workflow<{ text: string; at?: string }>('digest', {
    description: 'd',
    defaults: { priority: 7 },
  })
  const split = flow.step<Split, { text: string }>(
    'split',
    'split',
    { text: flow.input.at('/text') },
    { cache: true },
  )
  const said = flow.forEach<Split['parts'][number], { text: string }>(
    'said',
    split.at('/parts'),
    (part, index) => ({
      tool: 'say',
      params: { text: expr<string>`${part.at('/text')} & ${index}` },
      retry: { max_attempts: 3 },
      on_error: { continue: [error.at('/message')] },
    }),
    { concurrency: 4 },
  )
  const ok = flow.waitFor<{ yes: boolean }>('ok', 'approve', {
    message: 'Go on?',
    when: expr`${split.at('/total')} > ${3}`,
    schema: { type: 'object', properties: { yes: { type: 'boolean' } } },
  })
  flow.workflow(
    'sub',
    inner,
    { n: split.at('/total') },
    { depends_on: [ok, 'said'], trigger_rule: 'all_done' },
  )
  flow.waitUntil('later', '2030-01-01T00:00:00Z', { when: flow.input.at('/at') })
  flow.step(
    'tell',
    'send',
    { text: 'x', to: 'ann' },
    // biome-ignore lint/suspicious/noThenProperty: the definition's word; it is no function
    { on_error: { run: { tool: 'any', params: { e: error } }, then: 'skip' } },
  )
  flow.output({ all: said, first: said.at('/0/text'), data: { $from: 'me' } })

  it('writes the definition that it stands for', () => {
    expect(JSON.parse(JSON.stringify(flow))).toEqual({
      name: 'digest',
      description: 'd',
      defaults: { priority: 7 },
      steps: [
        { id: 'split', tool: 'split', params: { text: { $from: 'input', path: '/text' } }, cache: true },
        {
          id: 'said',
          tool: 'say',
          params: { text: { $expr: '$$.item.`text` & $$.index' } },
          for_each: { items: { $from: 'split', path: '/parts' }, concurrency: 4 },
          retry: { max_attempts: 3 },
          on_error: { continue: [{ $from: 'error', path: '/message' }] },
        },
        {
          id: 'ok',
          when: '$$.steps.`split`.`total` > 3',
          wait: {
            signal: 'approve',
            message: 'Go on?',
            schema: { type: 'object', properties: { yes: { type: 'boolean' } } },
          },
        },
        {
          id: 'sub',
          workflow: {
            name: 'inner',
            input_schema: { type: 'object' },
            steps: [{ id: 'pause', wait: { ms: 5 } }],
          },
          input: { n: { $from: 'split', path: '/total' } },
          depends_on: ['ok', 'said'],
          trigger_rule: 'all_done',
        },
        { id: 'later', wait: { until: '2030-01-01T00:00:00Z' }, when: { $from: 'input', path: '/at' } },
        {
          id: 'tell',
          tool: 'send',
          params: { text: 'x', to: 'ann' },
          // biome-ignore lint/suspicious/noThenProperty: the definition's word; it is no function
          on_error: { run: { tool: 'any', params: { e: { $from: 'error' } } }, then: 'skip' },
        },
      ],
      output: {
        all: { $from: 'said' },
        first: { $from: 'said', path: '/0/text' },
        data: { $literal: { $from: 'me' } },
      },
    })
  })

  it('writes what compiles, with the dependencies that were meant', () => {
    const plan = compile(flow.build(), TEST_TOOLS)
    expect(plan.steps.map(({ dependencies }) => dependencies)).toEqual([[], [0], [0], [0, 1, 2], [], []])
  })

  it('knows the types of what is referred to', () => {
    expectTypeOf(split.at('/parts/0/size')).toEqualTypeOf<Reference<number>>()
    expectTypeOf(split.at('/nothing')).toEqualTypeOf<Reference<never>>()
    expectTypeOf(said.at('/3/text')).toEqualTypeOf<Reference<string>>()
    expectTypeOf(flow.step('x', 'any', {}).at('/a/b')).toEqualTypeOf<Reference<unknown>>()
  })

  it('refuses a second step of an id, a pointer that is none, and what is no JSON', () => {
    const small = workflow('small')
    small.wait('a', 1)
    expect(() => small.wait('a', 1)).toThrow('there is a step a already')
    expect(() => small.input.at('text')).toThrow('"text" is no JSON Pointer')
    expect(() => small.step('b', 'any', { x: 1n as never })).toThrow('1 is no JSON')
    expect(() => workflow('none').build()).toThrow('/steps: got [], allowed: at least 1 item')
  })
})

it('references in expressions lead where they lead in templates', async () => {
  const flow = workflow('paths')
  const step = flow.step('a-b', 'any', {})
  const data = { steps: { 'a-b': { 'x y': [{ n: 1 }, { n: [2, 3] }] } }, input: [5] }
  const value = (text: string) => jsonata(text).evaluate(data)
  expect(await value(expr`[1].(${step.at('/x y/1/n/0')} + ${1})`.text)).toBe(3)
  expect(await value(expr`${flow.input} = ${[5]} and ${expr`1 = 1`}`.text)).toBe(true)
  expect(() => expr`${step.at('/a`b')}`).toThrow('JSONata has no way to write the name')
})
