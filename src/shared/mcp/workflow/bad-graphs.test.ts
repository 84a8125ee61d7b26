import { beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../tools/tool.ts'
import { step, WorkflowTools } from './workflows.fixture.ts'

let tools: WorkflowTools
beforeAll(async () => {
  tools = await WorkflowTools.open()
})

const from = (name: string, path?: string) => ({ $from: name, ...(path === undefined ? {} : { path }) })
const of = (...steps: JsonObject[]) => ({ name: 'bad', steps })

/** What is wrong, the field that is named, and the message behind it. */
const BAD: [what: string, workflow: JsonObject, field: string, message: string][] = [
  ['no steps', { name: 'bad', steps: [] }, '/steps', 'got [], allowed: at least 1 item'],
  [
    'a name that is none',
    { name: '1 bad', steps: [step('a')] },
    '/name',
    'got "1 bad", allowed: letters, digits, _, - and ., at most 64, beginning with a letter',
  ],
  [
    'an unknown field',
    { ...of(step('a')), retries: 3 },
    '/retries',
    'got 3, allowed: only these properties: name, description, input_schema, steps, output, timeout_ms, defaults',
  ],
  [
    'an unknown field of a step',
    of(step('a', { parms: {} })),
    '/steps/0/parms',
    expect.stringMatching(/^got \{\}, allowed: only these properties: id, .*\(did you mean params\?\)$/),
  ],
  [
    'a step that does nothing',
    of({ id: 'a' }),
    '/steps/0',
    'got {"id":"a"}, allowed: a step with exactly one of `tool`, `workflow` and `wait`',
  ],
  [
    'a step that does two things',
    of(step('a', { wait: { ms: 1 } })),
    '/steps/0',
    expect.stringMatching(/allowed: a step with exactly one of `tool`, `workflow` and `wait`$/),
  ],
  [
    'an id that is taken',
    of(step('a'), step('a')),
    '/steps/1/id',
    'a is the id of step 0 too; ids are unique',
  ],
  [
    'an id that is reserved',
    of(step('input')),
    '/steps/0/id',
    'got "input", allowed: a name other than input, item, index, error',
  ],
  [
    'a cycle',
    of(step('a', { depends_on: ['c'] }), step('b', { depends_on: ['a'] }), step('c', { depends_on: ['b'] })),
    '/steps/0',
    'these steps depend on each other: a → c → b → a',
  ],
  [
    'a step that depends on itself',
    of(step('a', { depends_on: ['a'] })),
    '/steps/0/depends_on/0',
    'a cannot depend on itself',
  ],
  [
    'a missing step',
    of(step('fetch'), step('b', { depends_on: ['fetc'] })),
    '/steps/1/depends_on/0',
    'there is no step "fetc", did you mean fetch?',
  ],
  [
    'a reference to a missing step',
    of(step('a', { params: { n: from('nope') } })),
    '/steps/0/params/n/$from',
    'there is no step "nope"',
  ],
  [
    'a pointer that is none',
    of(step('a'), step('b', { params: { n: from('a', 'n') } })),
    '/steps/1/params/n/path',
    'got "n", allowed: a JSON Pointer (RFC 6901), as /chunks/0',
  ],
  [
    'an item outside a for_each',
    of(step('a', { params: { n: from('item') } })),
    '/steps/0/params/n/$from',
    'there is an item only in `params` or `input` of a step that has `for_each`',
  ],
  [
    'an error outside on_error',
    of(step('a', { params: { n: from('error') } })),
    '/steps/0/params/n/$from',
    'there is an error only in `on_error`',
  ],
  [
    'an unknown tool',
    of({ id: 'a', tool: 'wor' }),
    '/steps/0/tool',
    'there is no tool "wor", did you mean work?',
  ],
  [
    'params that do not fit',
    of(step('a', { params: { n: 'one' } })),
    '/steps/0/params/n',
    'got "one", allowed: an integer',
  ],
  [
    'unknown params',
    of(step('a', { params: { m: 1 } })),
    '/steps/0/params/m',
    'got 1, allowed: only these properties: n',
  ],
  [
    'an expression that does not parse',
    of(step('a', { when: '1 +' })),
    '/steps/0/when',
    'this is no JSONata expression: Unexpected end of expression at position 3',
  ],
  [
    'an expression over a missing step',
    of(step('a', { params: { n: { $expr: 'steps.nope.n' } } })),
    '/steps/0/params/n/$expr',
    'there is no step "nope"',
  ],
  [
    'a cache of what is not pure',
    of({ id: 'a', tool: 'once', cache: true }),
    '/steps/0/cache',
    'results of once cannot be taken from the cache, as it is not pure but once',
  ],
  [
    'a compensation by an unknown tool',
    of(step('a', { on_error: { run: { tool: 'undo' } } })),
    '/steps/0/on_error/run/tool',
    'there is no tool "undo"; find tools with tools_search',
  ],
  [
    'a list that is none',
    of(step('a', { for_each: { items: 5 } })),
    '/steps/0/for_each/items',
    'got 5, allowed: a list',
  ],
  [
    'too many at once',
    of(step('a', { for_each: { items: [1], concurrency: 5000 } })),
    '/steps/0/for_each/concurrency',
    'got 5000, allowed: at most 1000',
  ],
  [
    'a question with a nested answer',
    of({ id: 'a', wait: { signal: 's', schema: { type: 'object', properties: { a: { type: 'object' } } } } }),
    '/steps/0/wait/schema/properties/a',
    expect.stringMatching(/allowed: a plain field \(MCP elicitation\)/),
  ],
  [
    'a fault in a workflow within',
    of({ id: 'a', workflow: of(step('b', { depends_on: ['x'] })) }),
    '/steps/0/workflow/steps/0/depends_on/0',
    'there is no step "x"',
  ],
]

describe('a bad graph', () => {
  it.each(BAD)('with %s gets its message', async (_what, workflow, below, message) => {
    for (const [name, input, root] of [
      ['submit', { workflow }, '/workflow'],
      ['submit', { workflow, dry_run: true }, '/workflow'],
      ['define', { definition: workflow }, '/definition'],
    ] as const) {
      const refused = await tools.call(name, input)
      const field = `${root}${below}`
      expect(refused).toMatchObject({ code: 'invalid_input', field, retryable: false })
      expect(refused.faults).toMatchObject([{ field, message: refused.message }])
      expect(String(refused.message).slice(`${field}: `.length)).toEqual(message)
    }
  })

  it('gets every fault at once', async () => {
    const workflow = of(
      step('a', { params: { n: 'one' } }),
      { id: 'b', tool: 'wrok' },
      step('c', { depends_on: ['nope'] }),
    )
    const { faults, message } = await tools.call('submit', { workflow })
    const fields = Array.isArray(faults) ? faults.map(fault => Object(fault).field) : []
    expect(fields.toSorted()).toEqual([
      '/workflow/steps/0/params/n',
      '/workflow/steps/1/tool',
      '/workflow/steps/2/depends_on/0',
    ])
    expect(message).toMatch(/^3 faults:/)
  })

  it('leaves nothing behind', async () => {
    expect(await tools.call('list', {})).toMatchObject({ workflows: [] })
    expect(await tools.call('definitions', {})).toMatchObject({ definitions: [] })
  })
})

describe('an input', () => {
  it('has to fit the schema of the workflow', async () => {
    const workflow = {
      name: 'typed',
      input_schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
      steps: [step('a', { params: { n: from('input', '/n') } })],
    }
    for (const input of [{}, { n: 'one' }])
      expect(await tools.call('submit', { workflow, input })).toMatchObject({ code: 'invalid_input' })
    expect(await tools.call('submit', { workflow, input: { n: 1 } })).toMatchObject({ state: 'running' })
  })
})
