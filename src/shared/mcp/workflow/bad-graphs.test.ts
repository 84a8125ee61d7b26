import { beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../tools/tool.ts'
import { step, WorkflowTools } from './workflows.fixture.ts'

let tools: WorkflowTools
beforeAll(async () => {
  tools = await WorkflowTools.open()
})

const from = (name: string, path?: string) => ({ $from: name, ...(path === undefined ? {} : { path }) })
const of = (...steps: JsonObject[]) => ({ name: 'bad', steps })

/** What is wrong, and the message that it gets. */
const BAD: [what: string, workflow: JsonObject, field: string, message: RegExp][] = [
  ['no steps', { name: 'bad', steps: [] }, '/workflow/steps', /steps/],
  ['a name that is none', { name: '1 bad', steps: [step('a')] }, '/workflow/name', /letters, digits/],
  ['an unknown field', { ...of(step('a')), retries: 3 }, '/workflow/retries', /retries/],
  ['an unknown field of a step', of(step('a', { parms: {} })), '/workflow/steps/0/parms', /params/],
  ['a step that does nothing', of({ id: 'a' }), '/workflow/steps/0', /tool/],
  ['a step that does two things', of(step('a', { wait: { ms: 1 } })), '/workflow/steps/0', /tool/],
  ['an id that is taken', of(step('a'), step('a')), '/workflow/steps/1/id', /a is the id of step 0 too/],
  ['an id that is reserved', of(step('input')), '/workflow/steps/0/id', /input/],
  [
    'a cycle',
    of(step('a', { depends_on: ['c'] }), step('b', { depends_on: ['a'] }), step('c', { depends_on: ['b'] })),
    '/workflow/steps/0',
    /a → .*→ a/,
  ],
  [
    'a step that depends on itself',
    of(step('a', { depends_on: ['a'] })),
    '/workflow/steps/0',
    /a cannot depend on itself/,
  ],
  [
    'a missing step',
    of(step('fetch'), step('b', { depends_on: ['fetc'] })),
    '/workflow/steps/1/depends_on/0',
    /fetch/,
  ],
  [
    'a reference to a missing step',
    of(step('a', { params: { n: from('nope') } })),
    '/workflow/steps/0/params/n',
    /nope/,
  ],
  [
    'a pointer that is none',
    of(step('a'), step('b', { params: { n: from('a', 'n') } })),
    '/workflow/steps/1/params/n/path',
    /pointer|\//i,
  ],
  [
    'an item outside a for_each',
    of(step('a', { params: { n: from('item') } })),
    '/workflow/steps/0/params/n',
    /item/,
  ],
  [
    'an error outside on_error',
    of(step('a', { params: { n: from('error') } })),
    '/workflow/steps/0/params/n',
    /error/,
  ],
  ['an unknown tool', of({ id: 'a', tool: 'wrok' }), '/workflow/steps/0/tool', /work/],
  [
    'params that do not fit',
    of(step('a', { params: { n: 'one' } })),
    '/workflow/steps/0/params/n',
    /integer/,
  ],
  ['unknown params', of(step('a', { params: { m: 1 } })), '/workflow/steps/0/params/m', /m/],
  [
    'an expression that does not parse',
    of(step('a', { when: '1 +' })),
    '/workflow/steps/0/when',
    /1 \+|expression|end/i,
  ],
  [
    'an expression over a missing step',
    of(step('a', { params: { n: { $expr: 'steps.nope.n' } } })),
    '/workflow/steps/0/params/n',
    /nope/,
  ],
  [
    'a cache of what is not pure',
    of({ id: 'a', tool: 'once', cache: true }),
    '/workflow/steps/0/cache',
    /pure/,
  ],
  [
    'a compensation by an unknown tool',
    of(step('a', { on_error: { run: { tool: 'undo' } } })),
    '/workflow/steps/0/on_error/run/tool',
    /undo/,
  ],
  [
    'a list that is none',
    of(step('a', { for_each: { items: 5 } })),
    '/workflow/steps/0/for_each/items',
    /list/,
  ],
  [
    'too many at once',
    of(step('a', { for_each: { items: [1], concurrency: 5000 } })),
    '/workflow/steps/0/for_each/concurrency',
    /1.?000/,
  ],
  [
    'a question with a nested answer',
    of({ id: 'a', wait: { signal: 's', schema: { type: 'object', properties: { a: { type: 'object' } } } } }),
    '/workflow/steps/0/wait/schema',
    /./,
  ],
  [
    'a fault in a workflow within',
    of({ id: 'a', workflow: of(step('b', { depends_on: ['x'] })) }),
    '/workflow/steps/0/workflow/steps/0/depends_on/0',
    /x/,
  ],
]

describe('a bad graph', () => {
  it.each(BAD)('with %s gets its message', async (_what, workflow, field, message) => {
    for (const input of [{ workflow }, { workflow, dry_run: true }]) {
      const refused = await tools.call('submit', input)
      expect(refused).toMatchObject({ code: 'invalid_input', retryable: false })
      expect(String(refused.field)).toMatch(new RegExp(`^${field}`))
      expect(refused.message).toMatch(message)
      expect(refused.faults).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ field: refused.field, message: expect.any(String) }),
        ]),
      )
    }
    const defined = await tools.call('define', { definition: workflow })
    expect(defined).toMatchObject({ code: 'invalid_input' })
    expect(String(defined.field)).toMatch(new RegExp(`^${field.replace('/workflow', '/definition')}`))
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
