import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../tools/tool.ts'
import { InvalidDefinitionError } from '../errors.ts'
import { compile, recompile } from './compile.ts'
import { faultsOf, faultsOfSteps, planOf, TEST_TOOLS } from './definition.fixture.ts'
import { parseDefinition } from './parse.ts'

const SAY = { tool: 'say', params: { text: 'x' } }

describe('a plan', () => {
  const plan = planOf({
    name: 'digest',
    defaults: { priority: 7, retry: { max_attempts: 2 } },
    steps: [
      {
        id: 'total',
        tool: 'sum',
        params: { numbers: { $expr: '$map(steps.sizes, function($s) { $s.total })' } },
      },
      {
        id: 'sizes',
        tool: 'split',
        for_each: { items: { $from: 'parts', path: '/parts' }, concurrency: 3 },
        params: { text: { $from: 'item', path: '/text' } },
        priority: 9,
      },
      { id: 'parts', tool: 'split', params: { text: { $from: 'input', path: '/text' } }, cache: true },
      {
        id: 'alone',
        ...SAY,
        on_error: {
          run: { tool: 'send', params: { text: { $from: 'error', path: '/message' }, to: 'ann' } },
        },
      },
      {
        id: 'tell',
        when: 'steps.parts.total > 3',
        wait: { signal: 'ok', message: 'Sure?' },
        depends_on: ['alone', 'alone'],
      },
    ],
    output: { $from: 'total', path: '/sum' },
  })

  it('has what templates refer to among the dependencies', () => {
    expect(plan.steps.map(step => step.dependencies)).toEqual([[1], [2], [], [], [2, 3]])
    expect(plan.steps.map(step => step.dependents)).toEqual([[], [0], [1, 4], [4], []])
    expect(plan.beginnings).toEqual([2, 3])
    expect(plan.ends).toEqual([0, 4])
    expect(plan.step('sizes')?.index).toBe(1)
    expect(plan.step('nobody')).toBeUndefined()
  })

  it('has all defaults', () => {
    expect(plan.steps[1]).toMatchObject({
      triggerRule: 'all_succeeded',
      onError: { kind: 'fail' },
      work: {
        options: { priority: 9, retry: { max_attempts: 2 } },
        cache: false,
        forEach: { concurrency: 3, max_failed: 0 },
      },
    })
    expect(plan.steps[2]?.work).toMatchObject({ cache: true, options: { priority: 7 } })
    expect(plan.steps[3]?.onError).toMatchObject({ kind: 'run', tool: { name: 'send' } })
    expect(plan.steps[3]?.onError).toHaveProperty('then', 'fail')
    expect(plan.steps[4]?.work).toEqual({ kind: 'signal', signal: 'ok', message: 'Sure?' })
  })

  it('has the same CID for the same definition, however its properties are ordered', () => {
    const a = planOf({ name: 'a', steps: [{ id: 'x', ...SAY }] })
    const b = planOf({ steps: [{ ...SAY, id: 'x' }], name: 'a' })
    expect(a.cid).toBe(b.cid)
  })
})

describe('the graph', () => {
  it('has no step twice, and none that waits for itself or for one that is not there', () => {
    expect(
      faultsOfSteps(
        { id: 'fetch', ...SAY },
        { id: 'fetch', ...SAY },
        { id: 'b', ...SAY, depends_on: ['b', 'fetsh', 'zzz'] },
      ),
    ).toEqual([
      '/steps/1/id: fetch is the id of step 0 too; ids are unique',
      '/steps/2/depends_on/0: b cannot depend on itself',
      '/steps/2/depends_on/1: there is no step "fetsh", did you mean fetch?',
      '/steps/2/depends_on/2: there is no step "zzz"',
    ])
  })

  it('has no cycle, each of which is told with its path', () => {
    const text = (from: string) => ({ tool: 'say', params: { text: { $from: from, path: '/text' } } })
    expect(
      faultsOfSteps(
        { id: 'a', ...text('b') },
        { id: 'b', ...SAY, depends_on: ['c'] },
        { id: 'c', ...SAY, when: 'steps.a.text = "x"' },
        { id: 'behind', ...SAY, depends_on: ['a'] },
        { id: 'p', ...SAY, depends_on: ['q'] },
        { id: 'q', ...SAY, on_error: { continue: { $from: 'p' } } },
      ),
    ).toEqual([
      '/steps/0: these steps depend on each other: a → b → c → a',
      '/steps/4: these steps depend on each other: p → q → p',
    ])
  })

  it('may be 100,000 steps long, and a cycle of all of them is found', () => {
    const steps = Array.from({ length: 100_000 }, (_, at) => ({
      id: `s${at}`,
      wait: { ms: 0 },
      depends_on: at === 0 ? [] : [`s${at - 1}`],
    }))
    const definition = parseDefinition({ name: 'long', steps })
    expect(compile(definition, TEST_TOOLS).ends).toEqual([99_999])
    steps[0] = { id: 's0', wait: { ms: 0 }, depends_on: ['s99999'] }
    expect(() => compile(parseDefinition({ name: 'long', steps }), TEST_TOOLS)).toThrow(
      /depend on each other: s0 → s99999 → s99998 .* → \(99981 more\) → .* → s2 → s1 → s0$/,
    )
  }, 120_000)

  it('compiles just when it has no cycle', () => {
    const graph = fc.integer({ min: 1, max: 12 }).chain(count =>
      fc.record({
        count: fc.constant(count),
        edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 3 * count }),
      }),
    )
    fc.assert(
      fc.property(graph, ({ count, edges }) => {
        const real = edges.filter(([from, to]) => from !== to)
        const steps = Array.from({ length: count }, (_, at) => ({
          id: `s${at}`,
          ...SAY,
          depends_on: real.filter(([from]) => from === at).map(([, to]) => `s${to}`),
        }))
        const faults = faultsOfSteps(...steps)
        expect(faults.length > 0).toBe(hasCycle(count, real))
        for (const fault of faults) {
          const path = fault.split(': ').at(-1)?.split(' → ') ?? []
          expect(path.at(-1)).toBe(path[0])
          for (const [at, id] of path.slice(0, -1).entries())
            expect(steps.find(step => step.id === id)?.depends_on).toContain(path[at + 1])
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** By following every path. */
function hasCycle(count: number, edges: [number, number][]): boolean {
  const reach = Array.from(
    { length: count },
    (_, from) => new Set(edges.filter(([f]) => f === from).map(([, to]) => to)),
  )
  for (let round = 0; round < count; round++)
    for (const seen of reach) for (const on of [...seen]) for (const next of reach[on] ?? []) seen.add(next)
  return reach.some((seen, at) => seen.has(at))
}

describe('references', () => {
  it('lead to a step, in the form of a pointer, where there is something', () => {
    expect(
      faultsOfSteps(
        { id: 'parts', tool: 'split', params: { text: 'a' } },
        {
          id: 'b',
          tool: 'any',
          params: {
            a: { $from: 'part' },
            b: { $from: 'parts', path: 'parts' },
            c: { $from: 'parts', path: '/chunks' },
            d: { $from: 'parts', path: '/parts/0/txt' },
            e: { $from: 'parts', path: '/parts/first' },
            f: { $from: 'b' },
            g: { $from: 'parts', path: '/total', default: 1 },
            h: { $from: 3 },
            'a/b': [{ $from: 'parts', path: '/~2' }],
            ok: { $from: 'parts', path: '/parts/0/text' },
            literal: { $literal: { $from: 'nowhere' } },
          },
        },
      ),
    ).toEqual([
      '/steps/1/params/a/$from: there is no step "part", did you mean parts?',
      '/steps/1/params/b/path: got "parts", allowed: a JSON Pointer (RFC 6901), as /chunks/0',
      '/steps/1/params/f/$from: b cannot refer to its own output',
      '/steps/1/params/g/default: got 1, allowed: nothing: an object with $from has only `path` beside it; to give it as it is, put it into {"$literal": …}',
      '/steps/1/params/h/$from: got 3, allowed: the id of a step, or input',
      '/steps/1/params/a~1b/0/path: got "/~2", allowed: a JSON Pointer (RFC 6901), as /chunks/0',
      '/steps/1/params/c/path: the output of parts has nothing at /chunks: it is an object with parts, total, note',
      '/steps/1/params/d/path: the output of parts has nothing at /parts/0/txt: /parts/0 is an object with text, size',
      '/steps/1/params/e/path: the output of parts has nothing at /parts/first: /parts is an array',
    ])
  })

  it('to item, index and error stand where there are such', () => {
    expect(
      faultsOfSteps(
        {
          id: 'a',
          tool: 'any',
          params: { item: { $from: 'item' }, index: { $expr: 'index + 1' }, error: { $from: 'error' } },
        },
        {
          id: 'b',
          tool: 'any',
          for_each: { items: [1] },
          params: { i: { $from: 'item' }, n: { $from: 'index' } },
          when: 'item > 1',
        },
        { id: 'c', tool: 'any', on_error: { continue: { $from: 'error', path: '/mesage' } } },
      ),
    ).toEqual([
      '/steps/0/params/item/$from: there is an item only in `params` or `input` of a step that has `for_each`',
      '/steps/0/params/index/$expr: there is an index only in `params` or `input` of a step that has `for_each`',
      '/steps/0/params/error/$from: there is an error only in `on_error`',
      '/steps/1/when: there is an item only in `params` or `input` of a step that has `for_each`',
      '/steps/2/on_error/continue/path: the error has nothing at /mesage: it is an object with code, message, retryable, field, value, allowed, retry_after_ms, faults',
    ])
  })

  it('to the input fit its schema', () => {
    const definition = (path: string): Json => ({
      name: 'a',
      input_schema: {
        type: 'object',
        properties: { files: { type: 'array', items: { type: 'string' } } },
        additionalProperties: false,
      },
      steps: [{ id: 'a', tool: 'say', params: { text: { $from: 'input', path } } }],
    })
    expect(faultsOf(definition('/files/0'))).toEqual([])
    expect(faultsOf(definition('/file'))).toEqual([
      "/steps/0/params/text/path: the workflow's input has nothing at /file: it is an object with files",
    ])
    expect(faultsOf(definition('/files'))).toEqual([
      "/steps/0/params/text: /files in the workflow's input is an array, allowed: a string",
    ])
  })
})

describe('expressions', () => {
  const faults = (expression: string) =>
    faultsOfSteps(
      { id: 'fetch', ...SAY },
      { id: 'a-b', ...SAY },
      { id: 'c', tool: 'any', params: { x: { $expr: expression } } },
    )
  const at = '/steps/2/params/x/$expr: '

  it.each([
    ['steps.fetch.text & ', 'this is no JSONata expression: Unexpected end of expression at position 19'],
    ['steps.fech.text', 'there is no step "fech", did you mean fetch?'],
    ['fetch.text', 'an expression has no "fetch" to refer to, did you mean steps.fetch?'],
    ['inputs.text', 'an expression has no "inputs" to refer to'],
    [
      '$lookup(steps, "fetch")',
      'steps are named one by one, as steps.<id>, so that it is known what has to run before',
    ],
    ['steps.*.text', 'steps are named one by one, as steps.<id>, so that it is known what has to run before'],
    [
      '$keys($$)',
      'what is referred to has to be named (input, steps.<id>, …): $, $$, * and ** may not stand for all of it',
    ],
    [
      '**.text',
      'what is referred to has to be named (input, steps.<id>, …): $, $$, * and ** may not stand for all of it',
    ],
    ['$eval("steps.fetch")', '$eval cannot be used: what it refers to is not known before it runs'],
    ['steps.c.x', 'c cannot refer to its own output'],
  ])('%s is refused', (expression, message) => {
    expect(faults(expression)).toEqual([at + message])
  })

  it.each([
    ['steps.fetch.text', ['fetch']],
    ['$$.steps.`a-b`.text', ['a-b']],
    ['$.steps."a-b".text', ['a-b']],
    ['$map(input.list, function($v) { $v & steps.fetch.text })', ['fetch']],
    ['input.list[$ = $$.steps.fetch.text]', ['fetch']],
    // Inside a path it is a property of what is there.
    ['input.list[steps.fetch = 1].steps.fetch', []],
    ['($x := steps.fetch; $x.steps.`a-b`)', ['fetch']],
    ['input{"k": steps.fetch}', []],
    ['{"k": steps.fetch, "l": [steps.`a-b`]}', ['fetch', 'a-b']],
    ['input.list@$i.steps.fetch', []],
    ['input.list^(steps.fetch)', []],
    ['$exists(steps.fetch) ? input : -steps.`a-b`.size', ['fetch', 'a-b']],
    ['input ~> |steps|{"a": steps.fetch}|', []],
  ])('%s depends on %j', (expression, ids) => {
    expect(faults(expression)).toEqual([])
    const plan = planOf({
      name: 'a',
      steps: [
        { id: 'fetch', ...SAY },
        { id: 'a-b', ...SAY },
        { id: 'c', tool: 'any', params: { x: { $expr: expression } } },
      ],
    })
    expect(plan.steps[2]?.dependencies.map(index => plan.steps[index]?.id)).toEqual(ids)
  })
})

/** `${path}`, as a text. */
const braces = (path: string) => ['$', '{', path, '}'].join('')

describe('what is written as other engines write it', () => {
  const split = { id: 'split-up', tool: 'split', params: { text: 'x' } }
  const saying = (text: string, more = {}) =>
    faultsOfSteps(split, { id: 'a', tool: 'any', params: { text }, ...more })

  it.each([
    ['{{input.text}}', '{"$from":"input","path":"/text"}'],
    [` ${braces(' steps.split-up.output.parts[0].text ')} `, '{"$from":"split-up","path":"/parts/0/text"}'],
    ['{{ split-up }}', '{"$from":"split-up"}'],
    ['$input.text', '{"$from":"input","path":"/text"}'],
    ['$.steps.split-up.result.total', '{"$from":"split-up","path":"/total"}'],
    ['{{input["a b"]}} or {{input.b}}', `{"$expr": "'…' & input.b & '…'"} (JSONata)`],
    [
      `Hi ${braces('split-up.parts[0].text')}!`,
      `{"$expr": "'…' & steps.\`split-up\`.parts[0].text & '…'"} (JSONata)`,
    ],
  ])('%j would be plain text', (text, meant) => {
    const [fault, ...others] = saying(text)
    expect(others).toEqual([])
    expect(fault).toMatch(/^\/steps\/1\/params\/text: a text is taken as it is, /)
    expect(fault).toContain(
      `for the value write ${meant}; if that text is meant, put it into {"$literal": …}`,
    )
  })

  it.each([
    '{{name}}',
    braces('price'),
    '$item',
    '{{item}}',
    '$5',
    '{{#if input}}',
    '{{input + 1}}',
    '$',
    '{{}}',
  ])('%j refers to nothing here, and is a text', text => expect(saying(text)).toEqual([]))

  it('names the item only where there is one', () => {
    const [fault] = saying('$item', { for_each: { items: [1] } })
    expect(fault).toContain('for the value write {"$from":"item"}')
  })

  it('is a text in $literal, and in a workflow that was taken before', () => {
    const definition = (x: Json) =>
      parseDefinition({ name: 'a', steps: [{ id: 'a', tool: 'any', params: { x } }] })
    expect(() => compile(definition({ $literal: '{{input.x}}' }), TEST_TOOLS)).not.toThrow()
    expect(() => compile(definition('{{input.x}}'), TEST_TOOLS)).toThrow(/\$literal/)
    expect(() => recompile(definition('{{input.x}}'), TEST_TOOLS)).not.toThrow()
  })

  it('is understood in $from and in expressions', () => {
    expect(
      faultsOfSteps(
        split,
        { id: 'a', tool: 'any', params: { x: { $from: 'steps.split-up.output.parts' } } },
        { id: 'b', tool: 'any', when: 'input.a == 1 && true' },
      ),
    ).toEqual([
      '/steps/1/params/x/$from: there is no step "steps.split-up.output.parts", did you mean {"$from":"split-up","path":"/parts"}?',
      expect.stringMatching(/; JSONata has = and !=, `and`, `or` and \$not\(…\)$/),
    ])
  })

  it('is looked for in no more than linear time', () => {
    const begin = performance.now()
    saying('{{'.repeat(40_000))
    saying(`$input${'.a'.repeat(40_000)}`)
    saying(`${braces('input').slice(0, -1)} `.repeat(12_000))
    expect(performance.now() - begin).toBeLessThan(1_000)
  })
})

describe('inputs of tools', () => {
  it('fit the schema, as far as they are known', () => {
    expect(
      faultsOfSteps(
        { id: 'a', tool: 'sey' },
        { id: 'b', tool: 'say' },
        { id: 'c', tool: 'say', params: { text: 5, times: 10, loud: true } },
        { id: 'd', tool: 'send', params: { text: { $from: 'c', path: '/text' }, to: 'eve' } },
        { id: 'e', tool: 'sum', params: { numbers: [1, 'two', { $from: 'c', path: '/text' }] } },
        { id: 'f', tool: 'say', params: { text: { $from: 'c', path: '/text' }, times: 2 } },
      ),
    ).toEqual([
      '/steps/0/tool: there is no tool "sey", did you mean say?',
      '/steps/1/params/text: missing, allowed: a string',
      '/steps/2/params/text: got 5, allowed: a string',
      '/steps/2/params/times: got 10, allowed: 1 to 9',
      '/steps/2/params/loud: got true, allowed: only these properties: text, times',
      '/steps/3/params/to: got "eve", allowed: one of ann, bob',
      '/steps/4/params/numbers/1: got "two", allowed: a number',
      '/steps/4/params/numbers/2: /text in the output of c is a string, allowed: a number',
    ])
  })

  it('fit the outputs that they are taken from', () => {
    expect(
      faultsOfSteps(
        { id: 'split', tool: 'split', params: { text: 'x' } },
        { id: 'a', tool: 'say', params: { text: { $from: 'split', path: '/parts' } } },
        { id: 'b', tool: 'sum', params: { numbers: { $from: 'split', path: '/parts' } } },
        { id: 'c', tool: 'say', params: { $from: 'split', path: '/parts/0' } },
        { id: 'd', tool: 'sum', params: { $from: 'split' } },
        { id: 'e', tool: 'say', params: { text: { $from: 'split', path: '/note' } } },
      ),
    ).toEqual([
      '/steps/1/params/text: /parts in the output of split is an array, allowed: a string',
      '/steps/2/params/numbers: /parts/* in the output of split is an object, allowed: a number',
      '/steps/3/params: /parts/0 in the output of split has size, allowed: only these properties: text, times',
      '/steps/4/params: the output of split has no numbers, allowed: an array',
      '/steps/4/params: the output of split has parts, allowed: only these properties: numbers',
      '/steps/4/params: the output of split has total, allowed: only these properties: numbers',
    ])
  })

  it('know what a for_each gives, and its items', () => {
    const split = { id: 'split', tool: 'split', params: { text: 'x' } }
    const each = { id: 'each', tool: 'say', for_each: { items: { $from: 'split', path: '/parts' } } }
    expect(
      faultsOfSteps(
        split,
        { ...each, params: { text: { $from: 'item', path: '/text' } } },
        { id: 'a', tool: 'say', params: { text: { $from: 'each', path: '/0/text' } } },
        { id: 'b', tool: 'say', params: { text: { $from: 'each', path: '/text' } } },
      ),
    ).toEqual(['/steps/3/params/text/path: the output of each has nothing at /text: it is an array'])
    expect(faultsOfSteps(split, { ...each, params: { text: { $from: 'item', path: '/size' } } })).toEqual([
      '/steps/1/params/text: /size in the item is a number, allowed: a string',
    ])
    expect(
      faultsOfSteps(split, { ...each, for_each: { items: { $from: 'split' } }, params: { text: 'x' } }),
    ).toEqual(['/steps/1/for_each/items: the output of split is an object, allowed: a list'])
    expect(faultsOfSteps({ ...each, for_each: { items: 'abc' }, params: { text: 'x' } })).toEqual([
      '/steps/0/for_each/items: got "abc", allowed: a list',
    ])
  })

  it('may be what a failed step goes on with', () => {
    const failing = (on_error: Json) => ({ id: 'a', ...SAY, on_error })
    const next = { id: 'b', tool: 'sum', params: { numbers: { $from: 'a', path: '/list' } } }
    expect(faultsOfSteps(failing({ continue: { list: [1] } }), next)).toEqual([])
    expect(faultsOfSteps(failing({ continue: { list: ['a'] } }), next)).toEqual([
      '/steps/1/params/numbers: /list/0 in the output of a is a string, allowed: a number',
    ])
    expect(faultsOfSteps(failing('fail'), next)).toHaveLength(1)
  })

  it('of a compensation and of a sub-workflow are looked at too', () => {
    expect(
      faultsOfSteps(
        {
          id: 'a',
          ...SAY,
          on_error: { run: { tool: 'send', params: { text: { $from: 'error', path: '/retryable' } } } },
        },
        {
          id: 'w',
          workflow: {
            name: 'inner',
            input_schema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
            steps: [{ id: 'x', tool: 'say', params: { text: { $from: 'a', path: '/text' } } }],
          },
          input: { n: { $from: 'a', path: '/text' } },
        },
      ),
    ).toEqual([
      '/steps/1/workflow/steps/0/params/text/$from: there is no step "a"',
      '/steps/0/on_error/run/params/to: missing, allowed: one of ann, bob',
      '/steps/0/on_error/run/params/text: /retryable in the error is a boolean, allowed: a string',
      '/steps/1/input/n: /text in the output of a is a string, allowed: a number',
    ])
  })
})

describe('a step', () => {
  it('takes results from the cache only of a pure tool', () => {
    expect(faultsOfSteps({ id: 'a', tool: 'send', params: { text: 'a', to: 'ann' }, cache: true })).toEqual([
      '/steps/0/cache: results of send cannot be taken from the cache, as it is not pure but once',
    ])
  })

  it('that depends on nothing is not run by one_succeeded', () => {
    expect(faultsOfSteps({ id: 'a', ...SAY, trigger_rule: 'one_succeeded' })).toEqual([
      '/steps/0/trigger_rule: a step that depends on nothing would never run by one_succeeded',
    ])
  })

  it('waits until a time', () => {
    const until = (value: Json) =>
      faultsOfSteps({ id: 'i', tool: 'split', params: { text: 'x' } }, { id: 'a', wait: { until: value } })
    expect(until('2030-01-31T08:00:00Z')).toEqual([])
    expect(until({ $from: 'input', path: '/at' })).toEqual([])
    expect(until('tomorrow')).toEqual([
      '/steps/1/wait/until: got "tomorrow", allowed: a time in ISO 8601, as 2030-01-31T08:00:00Z, or a template that gives one',
    ])
    expect(until({ $from: 'i', path: '/total' })).toEqual([
      '/steps/1/wait/until: /total in the output of i is a number, allowed: a string',
    ])
  })

  it('lies in at most eight workflows', () => {
    const nested = (depth: number): Json => ({
      name: 'w',
      steps: [depth === 0 ? { id: 'a', ...SAY } : { id: 'a', workflow: nested(depth - 1) }],
    })
    expect(faultsOf(nested(8))).toEqual([])
    expect(faultsOf(nested(9))).toEqual([`${'/steps/0/workflow'.repeat(9)}: it lies in 9 workflows`])
  })
})

describe('a definition that was taken', () => {
  const taken = parseDefinition({
    name: 'taken',
    steps: [
      { id: 'a', tool: 'gone', params: { x: { $from: 'input' } }, cache: true },
      { id: 'b', tool: 'send', params: { text: 5 }, cache: true, depends_on: ['a'] },
      { id: 'w', workflow: { name: 'inner', steps: [{ id: 'x', tool: 'gone' }] } },
    ],
  })

  it('is a plan still when its tools are others, without the cache', () => {
    const plan = recompile(taken, TEST_TOOLS)
    expect(plan.steps.map(({ dependencies }) => dependencies)).toEqual([[], [0], []])
    expect(plan.steps[0]?.work).toMatchObject({
      tool: { name: 'gone', effects: { repeat: 'once' } },
      cache: false,
    })
    expect(plan.steps[1]?.work).toMatchObject({ cache: false })
    expect(() => compile(taken, TEST_TOOLS)).toThrow('5 faults')
  })

  it('has the CID that it had', () => {
    const definition = parseDefinition({ name: 'a', steps: [{ id: 'x', ...SAY }] })
    expect(recompile(definition, TEST_TOOLS).cid).toBe(compile(definition, TEST_TOOLS).cid)
  })
})

describe('many faults', () => {
  it('are counted where they are not all told', () => {
    const steps = Array.from({ length: 150 }, (_, at) => ({ id: `s${at}`, tool: 'nothing' }))
    const error = thrown(() => compile(parseDefinition({ name: 'a', steps }), TEST_TOOLS, '/workflow'))
    expect(error.details.faults).toHaveLength(100)
    expect(error.message).toMatch(
      /^150 faults:\n- \/workflow\/steps\/0\/tool: there is no tool "nothing"; find tools with tools_search\n/,
    )
    expect(error.message).toMatch(/\n- and 50 more$/)
    expect(error.toFacts()).toMatchObject({
      code: 'invalid_input',
      field: '/workflow/steps/0/tool',
      value: 'nothing',
    })
  })
})

function thrown(act: () => unknown): InvalidDefinitionError {
  try {
    act()
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return error
  }
  throw new Error('nothing was thrown')
}
