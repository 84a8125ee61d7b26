import { describe, expect, it } from 'vitest'
import type { Json } from '../../tools/tool.ts'
import { validateAgainst } from '../../tools/validate.ts'
import { faultsOf, faultsOfSteps } from './definition.fixture.ts'
import { DEFINITION_SCHEMA, parseDefinition } from './parse.ts'

const STEP_PROPERTIES =
  'id, title, depends_on, when, trigger_rule, on_error, timeout_ms, tool, params, for_each, cache, priority, requires, target, any_build, retry, queue_timeout_ms, attempt_timeout_ms, concurrency, rate'

const FULL = {
  name: 'full.one',
  description: 'All that there is.',
  input_schema: {
    $defs: { n: { type: 'number', minimum: 0 } },
    type: 'object',
    properties: { n: { $ref: '#/$defs/n' } },
  },
  defaults: { priority: 3, retry: { max_attempts: 4, base_delay_ms: 10 } },
  timeout_ms: 1000,
  output: { $from: 'a' },
  steps: [
    {
      id: 'a',
      title: 'First',
      tool: 'any',
      params: { x: [{ $expr: 'input.n' }] },
      when: { $from: 'input', path: '/n' },
      trigger_rule: 'all_done',
      // biome-ignore lint/suspicious/noThenProperty: the definition's word; it is no function
      on_error: { run: { tool: 'any', params: { e: { $from: 'error' } }, priority: 10 }, then: 'skip' },
      timeout_ms: 5,
      for_each: { items: [1, 2], concurrency: 1000, max_failed: 2 },
      requires: ['kind:node'],
      target: 'peer',
      any_build: true,
      queue_timeout_ms: 1,
      attempt_timeout_ms: 1,
      concurrency: { key: 'k', limit: 1 },
      rate: { key: 'k', limit: 1, per_ms: 100 },
    },
    {
      id: 'b',
      workflow: { name: 'other', version: '1.2' },
      input: { $from: 'a' },
      on_error: { continue: null },
    },
    {
      id: 'c',
      workflow: { name: 'inner', steps: [{ id: 'a', wait: { ms: 0 } }] },
      for_each: { items: { $from: 'b' } },
    },
    { id: 'd', wait: { until: { $expr: 'steps.a' } } },
    {
      id: 'e',
      wait: {
        signal: 'approve',
        message: 'Go on?',
        schema: {
          type: 'object',
          properties: {
            yes: { type: 'boolean', default: false },
            why: { type: 'string', maxLength: 200 },
            when: { type: 'string', format: 'date' },
            how: { type: 'string', enum: ['fast', 'slow'] },
            which: { type: 'array', items: { type: 'string', enum: ['x', 'y'] } },
            many: { type: 'integer', minimum: 1 },
          },
          required: ['yes'],
        },
      },
    },
  ],
}

describe('a definition', () => {
  it('is taken with all that it may hold, and comes out as it was', () => {
    expect(parseDefinition(FULL)).toEqual(FULL)
  })

  it('has a JSON Schema that takes the same', () => {
    expect(() => validateAgainst(DEFINITION_SCHEMA, FULL, 'workflow')).not.toThrow()
    for (const wrong of [
      { name: 'a' },
      { name: 'a', steps: [{ id: 'a' }] },
      { name: 'a', steps: [], more: 1 },
    ])
      expect(() => validateAgainst(DEFINITION_SCHEMA, wrong, 'workflow')).toThrow()
  })

  it.each<[unknown, string[]]>([
    [3, ['input: got 3, allowed: an object']],
    [undefined, ['workflow: allowed: a JSON value']],
    [{}, ['/name: missing, allowed: a string', '/steps: missing, allowed: a list']],
    [{ name: 'a', steps: [] }, ['/steps: got [], allowed: at least 1 item']],
    [
      { name: '1 a', steps: [{ id: 'a', wait: { ms: 1 } }] },
      ['/name: got "1 a", allowed: letters, digits, _, - and ., at most 64, beginning with a letter'],
    ],
    [
      { name: 'a', step: [], steps: [{ id: 'a', wait: { ms: 1 } }], timeout_ms: 0 },
      [
        '/timeout_ms: got 0, allowed: at least 1',
        '/step: got [], allowed: only these properties: name, description, input_schema, steps, output, timeout_ms, defaults (did you mean steps?)',
      ],
    ],
    [
      { name: 'a', steps: [{ id: 'a', tool: 'any', arguments: {} }] },
      [
        `/steps/0/arguments: got {}, allowed: only these properties: ${STEP_PROPERTIES} (did you mean params?)`,
      ],
    ],
    [
      { name: 'a', steps: [{ id: 'a', tool: 'any', for_each: [1, 2] }] },
      [
        '/steps/0/for_each: got [1,2], allowed: {"items": <a list, or a template that gives one>, "concurrency"?: …, "max_failed"?: …}',
      ],
    ],
    [
      { name: 'a', steps: [{ id: 'a', wait: { ms: 1 }, title: 'half \ud800' }] },
      ['/steps/0/title: allowed: text that is valid Unicode'],
    ],
    [
      { name: 'a', steps: [{ id: 'a', tool: 'any', params: { at: new Date(0) } }] },
      ['/steps/0/params/at: allowed: a JSON value'],
    ],
    [
      { name: 'a', steps: [{ id: 'a', tool: 'any', params: { n: Number.NaN } }] },
      ['/steps/0/params/n: allowed: a JSON value'],
    ],
  ])('%j is refused', (definition, messages) => {
    expect(faultsOf(definition)).toEqual(messages)
  })

  it('nested too deeply is refused, however deep', () => {
    const deep: unknown = JSON.parse(`{"name": "a", "steps": ${'['.repeat(50_000)}${']'.repeat(50_000)}}`)
    expect(() => parseDefinition(deep)).toThrow(/^\/steps(\/0)+: allowed: fewer levels of nesting$/)
  })

  it.each<[Json, string]>([
    [
      { type: 'objekt' },
      '/input_schema/type: got "objekt", allowed: one of null, boolean, number, integer, string, array, object, or a list of them',
    ],
    [
      { properties: { a: { pattern: '(a+)+$' } } },
      '/input_schema/properties/a/pattern: got "(a+)+$", allowed: schemas without this keyword',
    ],
    [{ anyOf: [{ $ref: '#' }] }, '/input_schema: got {"anyOf":[{"$ref":"#"}]}, allowed: references that end'],
    [
      {
        anyOf: [{ $ref: '#/$defs/s0' }],
        $defs: Object.fromEntries(
          Array.from({ length: 40 }, (_, at) => {
            const $ref = `#/$defs/s${at + 1}`
            return [`s${at}`, at === 39 ? {} : { anyOf: [{ $ref }, { $ref }] }]
          }),
        ),
      },
      expect.stringMatching(
        /^\/input_schema: got .*, allowed: at most 1000, each counted as often as it is referred to$/,
      ),
    ],
    [
      { $ref: '#/$defs/no' },
      '/input_schema/$ref: got "#/$defs/no", allowed: a reference to a part of the same schema, as #/$defs/name',
    ],
    [
      { $ref: 'https://example.org/s' },
      '/input_schema/$ref: got "https://example.org/s", allowed: a reference to a part of the same schema, as #/$defs/name',
    ],
    [{ items: 3 }, '/input_schema/items: got 3, allowed: a JSON Schema: an object, true or false'],
    [{ anyOf: {} }, '/input_schema/anyOf: got {}, allowed: a list of JSON Schemas'],
    [{ required: 'a' }, '/input_schema/required: got "a", allowed: a list of names'],
    ['x', '/input_schema: got "x", allowed: a JSON Schema: an object'],
    [
      { description: 'x'.repeat(70_000) },
      `/input_schema: got {"description":"${'x'.repeat(104)}…, allowed: at most 65536 characters of JSON`,
    ],
  ])('with an input_schema that is none (%#) is refused', (input_schema, message) => {
    expect(faultsOf({ name: 'a', input_schema, steps: [{ id: 'a', wait: { ms: 1 } }] })).toEqual([message])
  })
})

describe('a step', () => {
  it.each<[Json, string[]]>([
    [
      { id: 'a' },
      ['/steps/0: got {"id":"a"}, allowed: a step with exactly one of `tool`, `workflow` and `wait`'],
    ],
    [
      { id: 'a', tool: 'any', wait: { ms: 1 } },
      [
        '/steps/0: got {"id":"a","tool":"any","wait":{"ms":1}}, allowed: a step with exactly one of `tool`, `workflow` and `wait`',
      ],
    ],
    ['a', ['/steps/0: got "a", allowed: a step with exactly one of `tool`, `workflow` and `wait`']],
    [
      { id: 'error', wait: { ms: 1 } },
      ['/steps/0/id: got "error", allowed: a name other than input, item, index, error'],
    ],
    [
      { id: 'a b', wait: { ms: 1 } },
      ['/steps/0/id: got "a b", allowed: letters, digits, _ and -, at most 64, beginning with a letter'],
    ],
    [{ id: 'a', wait: { ms: -1 } }, ['/steps/0/wait/ms: got -1, allowed: at least 0']],
    [
      { id: 'a', wait: { ms: 1, until: 'x' } },
      [
        '/steps/0/wait: got {"ms":1,"until":"x"}, allowed: exactly one of {"ms": …}, {"until": …} and {"signal": …}',
      ],
    ],
    [
      { id: 'a', tool: 'any', params: [1], depend_on: ['b'], priority: 11 },
      [
        '/steps/0/params: got [1], allowed: an object',
        '/steps/0/priority: got 11, allowed: at most 10',
        `/steps/0/depend_on: got ["b"], allowed: only these properties: ${STEP_PROPERTIES} (did you mean depends_on?)`,
      ],
    ],
    [{ id: 'a', tool: 'any', for_each: {} }, ['/steps/0/for_each/items: missing, allowed: a value']],
    [
      { id: 'a', tool: 'any', for_each: { items: [], concurrency: 0 } },
      ['/steps/0/for_each/concurrency: got 0, allowed: at least 1'],
    ],
    [
      { id: 'a', tool: 'any', when: { a: 1 } },
      ['/steps/0/when: got {"a":1}, allowed: a JSONata expression, or {"$from": …}'],
    ],
    [
      { id: 'a', tool: 'any', on_error: 'ignore' },
      ['/steps/0/on_error: got "ignore", allowed: one of "fail", "skip", "continue"'],
    ],
    [
      { id: 'a', tool: 'any', on_error: { retry: 1 } },
      [
        '/steps/0/on_error: got {"retry":1}, allowed: "fail", "skip", "continue", {"continue": <value>} or {"run": {"tool": …}, "then"?: …}',
      ],
    ],
    [
      { id: 'a', tool: 'any', on_error: { run: { params: {} } } },
      ['/steps/0/on_error/run/tool: missing, allowed: a string'],
    ],
    [
      { id: 'a', workflow: 'other' },
      [
        '/steps/0/workflow: got "other", allowed: {"name": …, "version"?: …} of a stored workflow, or a definition with `steps`',
      ],
    ],
    [
      { id: 'a', workflow: { name: 'b', steps: [{ id: 'x' }] } },
      [
        '/steps/0/workflow/steps/0: got {"id":"x"}, allowed: a step with exactly one of `tool`, `workflow` and `wait`',
      ],
    ],
    [
      { id: 'a', wait: { signal: 's', schema: { type: 'object', properties: { a: { type: 'object' } } } } },
      [
        '/steps/0/wait/schema/properties/a: got {"type":"object"}, allowed: a plain field (MCP elicitation): {"type": "string", "number", "integer" or "boolean"}, a string with `enum`, or an array of strings with `enum` in `items`',
      ],
    ],
    [
      { id: 'a', wait: { signal: 's', schema: { type: 'string' } } },
      [
        '/steps/0/wait/schema/type: got "string", allowed: "object"',
        '/steps/0/wait/schema/properties: missing, allowed: an object of plain fields',
      ],
    ],
  ])('%j is refused', (step, messages) => {
    expect(faultsOfSteps(step)).toEqual(messages)
  })
})

it('100,000 steps are parsed without anything quadratic', () => {
  const made = (count: number) => ({
    name: 'big',
    steps: Array.from({ length: count }, (_, at) => ({
      id: `s${at}`,
      tool: 'any',
      params: { x: { $from: 'input', path: '/x' } },
    })),
  })
  expect(parseDefinition(made(100_000)).steps).toHaveLength(100_000)
  expect(faultsOf(made(100_001))).toEqual([
    expect.stringMatching(/^\/steps: got .*, allowed: at most 100000 items$/),
  ])
}, 120_000)
