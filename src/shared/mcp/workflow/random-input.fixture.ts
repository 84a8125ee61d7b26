/** Input of any kind for the tools of workflows, some of it nearly right: not part of the product. */
import fc from 'fast-check'
import type { Json, JsonObject } from '../../tools/tool.ts'

/** Names that objects have by themselves, that templates know, and others that are odd. */
const ODD = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  'length',
  'input',
  'item',
  'error',
  'steps',
  '',
  '/',
  '~',
  '\u0000',
  'a"]\n;b',
  'x'.repeat(5_000),
  '𝒳',
  '-',
  '0',
]
const IDS = ['a', 'b', 'c', 'd-e', 'constructor', 'toString']

const oddText = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...ODD) },
  { weight: 20, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constant('\ud800') },
)
const oddNumber = fc.constantFrom(0, -1, 1, 0.5, 2 ** 31, 2 ** 53, 1e308, -0, 256, 1_000)
const scalar = fc.oneof(oddText, oddNumber, fc.constantFrom(null, true, false))
const pointer = fc
  .array(fc.constantFrom('a', '0', '-', '__proto__', 'constructor', 'length', '~0', '~1', 'got'), {
    maxLength: 4,
  })
  .map(tokens => tokens.map(token => `/${token}`).join(''))

const expression = fc.oneof(
  oddText,
  fc.constantFrom(
    'input',
    'input.constructor',
    'input.__proto__.x',
    '$lookup(input, "constructor")',
    'steps.a',
    'steps.a.got.constructor("return process")()',
    'steps.constructor',
    '$toMillis(input.a)',
    '$error("broken")',
    '$map(input, function($x) { $x })',
    'input ~> |$|{"__proto__": {"polluted": 1}}|',
    '$string(function() { 1 })',
    '1/0',
    '$eval("1")',
    '$power(10, 1000)',
    'item.got',
    '$$',
    '**',
    '/(a+)+$/',
    '$match("aaaa!", /(a+)+$/)',
  ),
)

const template: fc.Arbitrary<JsonObject> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ $from: 'input' }) },
  { weight: 6, arbitrary: pointer.map(path => ({ $from: 'input', path })) },
  { weight: 2, arbitrary: fc.record({ $from: fc.constantFrom('a', 'b'), path: pointer }) },
  { weight: 1, arbitrary: fc.record({ $from: oddText, path: oddText }) },
  { weight: 6, arbitrary: expression.map($expr => ({ $expr })) },
)

/** What a step is given. */
const given = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<JsonObject>({}, { x: 1 }) },
  { weight: 3, arbitrary: template.map(x => ({ x })) },
  { weight: 1, arbitrary: fc.tuple(oddText, template).map(([key, x]) => Object.fromEntries([[key, x]])) },
)

const { json, schema } = fc.letrec<{ json: Json; schema: Json }>(tie => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('json'), { maxLength: 3 }),
    dictionary(oddText, tie('json')),
    template,
    fc.record({ $literal: tie('json') }),
  ),
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.boolean(),
    fc.record({ type: fc.constantFrom('string', 'object', 'array', 'number', 'nothing') }),
    fc.record({ properties: dictionary(oddText, tie('schema')) }),
    fc.record({ required: fc.array(oddText, { maxLength: 2 }), additionalProperties: tie('schema') }),
    fc.record({
      $ref: fc.constantFrom('#', '#/$defs/a', '#/properties', '#/constructor', 'http://x/', '#%'),
    }),
    fc.record({ $defs: dictionary(fc.constant('a'), tie('schema')), $ref: fc.constant('#/$defs/a') }),
    fc.record({ anyOf: fc.array(tie('schema'), { maxLength: 3 }), format: oddText }),
    fc.record({ enum: fc.array(tie('json'), { maxLength: 3 }), minimum: tie('json') }),
    fc.record({ items: tie('schema'), prefixItems: fc.array(tie('schema'), { maxLength: 2 }) }),
    dictionary(
      fc.constantFrom('id', '$id', 'not', 'if', 'maxLength', 'multipleOf', 'const', 'x'),
      tie('json'),
    ),
  ),
}))

/** Own members whatever their names are: `__proto__` too. */
function dictionary(key: fc.Arbitrary<string>, value: fc.Arbitrary<Json>): fc.Arbitrary<JsonObject> {
  return fc.array(fc.tuple(key, value), { maxLength: 3 }).map(members => Object.fromEntries(members))
}

/** Mostly one of a kind that is taken. */
function mostly(right: fc.Arbitrary<Json>, odd: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc.oneof({ weight: 19, arbitrary: right }, { weight: 1, arbitrary: odd })
}

/** An object of some of these members, now and then with one that is anything. */
function some(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonObject> {
  const model = Object.fromEntries(
    Object.entries(members).map(([key, member]) => [
      key,
      fc.oneof({ weight: 60, arbitrary: member as fc.Arbitrary<Json> }, { weight: 1, arbitrary: json }),
    ]),
  )
  return fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<JsonObject>
}

const items = fc.oneof(template, fc.constantFrom<Json>([], [1, 2, 3], [{ __proto__: 1 }, null]))
const forEach = items.chain(list =>
  some({
    concurrency: mostly(fc.constantFrom(1, 2, 1_000), oddNumber),
    max_failed: mostly(fc.constant(1), json),
  }).map(more => ({ ...more, items: list })),
)
const ms = mostly(fc.constantFrom(1, 1_000, 3_600_000), oddNumber)
const common = {
  depends_on: mostly(fc.constantFrom<Json>([], [], ['c']), fc.array(oddText, { maxLength: 2 })),
  when: mostly(fc.oneof(expression, template), json),
  trigger_rule: fc.constantFrom('all_succeeded', 'all_done'),
  on_error: fc.oneof(
    fc.constantFrom('fail', 'skip', 'continue'),
    given.map(value => ({ continue: value })),
    given.map(params => ({ run: { tool: 'work', params } })),
  ),
  timeout_ms: ms,
}

const kept = some({ name: fc.constantFrom('kept', 'fuzz'), version: oddText })

const { definition } = fc.letrec<{ definition: JsonObject; step: JsonObject }>(tie => ({
  definition: fc
    .tuple(
      some({
        input_schema: mostly(
          fc.constantFrom<Json>({ type: 'object' }, {}, { $ref: '#/$defs/a', $defs: { a: true } }),
          schema,
        ),
        output: given,
        timeout_ms: ms,
        defaults: fc.constant({ priority: 3 }),
      }),
      fc.array(tie('step'), { minLength: 1, maxLength: 4 }),
      fc.oneof({ weight: 9, arbitrary: fc.constantFrom('fuzz', 'kept') }, { weight: 1, arbitrary: oddText }),
    )
    .map(([more, steps, name]) => ({
      ...more,
      name,
      steps: steps.map((step, at) => ({ id: IDS[at] ?? 'z', ...step })),
    })),
  step: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(
        some(common),
        some({
          params: given,
          for_each: forEach,
          cache: fc.constant(false),
          retry: fc.constant({ max_attempts: 1 }),
        }),
      )
      .map(([a, b]) => ({ tool: 'work', ...a, ...b })),
    fc
      .tuple(
        some(common),
        fc.oneof(
          ms.map(each => ({ ms: each })),
          fc
            .oneof(template, fc.constantFrom('2030-01-31T08:00:00Z', '+275760-09-13T00:00:00Z'))
            .map(until => ({ until })),
          some({ message: oddText }).map(more => ({ ...more, signal: 'go' })),
        ),
      )
      .map(([a, wait]) => ({ ...a, wait })),
    fc
      .tuple(
        some(common),
        some({ input: given, for_each: forEach }),
        fc.oneof(fc.constant<JsonObject>({ name: 'kept' }), kept, tie('definition')),
      )
      .map(([a, b, workflow]) => ({ ...a, ...b, workflow })),
  ),
}))

/** The name of a tool of workflows (without its category) and an input. @param ids of workflows that there may be */
export function randomCall(ids: () => string[]): fc.Arbitrary<[tool: string, input: JsonObject]> {
  const workflow_id = fc
    .oneof({ weight: 9, arbitrary: fc.nat() }, { weight: 1, arbitrary: oddText })
    .map(pick => (typeof pick === 'number' ? (ids()[pick % Math.max(ids().length, 1)] ?? 'none') : pick))
  const stepId = fc.oneof(fc.constantFrom(...IDS), oddText)
  const states = fc.array(fc.constantFrom('failed', 'waiting', 'pending', 'no'), { maxLength: 2 })
  const inputs: Record<string, fc.Arbitrary<JsonObject>> = {
    submit: some({
      input: json,
      labels: mostly(fc.constant({ a: 'b' }), dictionary(oddText, oddText)),
      metadata: mostly(fc.constant({}), json),
      idempotency_key: mostly(fc.string({ minLength: 1, maxLength: 9 }), oddText),
      dry_run: fc.constantFrom(false, false, true),
    }).chain(more =>
      fc
        .oneof({ weight: 4, arbitrary: definition }, { weight: 1, arbitrary: kept })
        .map(workflow => ({ workflow, ...more })),
    ),
    status: some({
      workflow_id,
      state: states,
      step: stepId,
      item: oddNumber,
      item_state: states,
      after: oddNumber,
      limit: oddNumber,
    }),
    cancel: some({ workflow_id, reason: oddText }),
    list: some({
      state: states,
      name: oddText,
      labels: dictionary(oddText, oddText),
      parent: workflow_id,
      cursor: fc.oneof(oddText, fc.constantFrom('w0', 'w-1', 'w999999999999999', 'w1e3')),
      limit: oddNumber,
    }),
    get_dag: some({ workflow_id, format: fc.constantFrom('json', 'dot', 'mermaid'), limit: oddNumber }),
    coordinate: some({ workflow_id, to: oddText }),
    result: some({ workflow_id, wait_ms: fc.constantFrom(0, -1, 0.5) }),
    reschedule: some({
      workflow_id,
      steps: fc.array(stepId, { maxLength: 2 }),
      from: stepId,
      input: json,
    }),
    signal: some({ workflow_id, signal: mostly(fc.constant('go'), oddText), payload: json }),
    define: some({ name: mostly(fc.constant('kept'), oddText), version: oddText }).chain(more =>
      definition.map(each => ({ definition: each, ...more })),
    ),
    definitions: some({
      name: fc.constantFrom('kept', 'fuzz', 'none'),
      version: oddText,
      whole: fc.boolean(),
      after: json,
      limit: oddNumber,
    }),
  }
  return fc.oneof(
    ...Object.entries(inputs).map(([tool, input]) => ({
      weight: tool === 'submit' ? 8 : 1,
      arbitrary: input.map(given => [tool, given] as [string, JsonObject]),
    })),
  )
}
