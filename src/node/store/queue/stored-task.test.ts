import fc from 'fast-check'
import { expect, it } from 'vitest'
import { AT, headOf } from '../../../shared/queue/states/commands.fixture.ts'
import type { Attempt } from '../../../shared/queue/task.ts'
import { attemptsToText, specOf, taskFromRow } from './stored-task.ts'

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
/** As JSON would give it back: a field that is undefined is not there. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

const attempt = fc
  .record({
    number: fc.nat(),
    fence: fc.nat(),
    peer_id: fc.string(),
    instance_id: fc.string(),
    state: fc.constantFrom('running', 'succeeded', 'failed', 'lost', 'released'),
    started_at: fc.nat(),
    ended_at: optional(fc.nat()),
    outcome_mark: optional(fc.string()),
    error: optional(
      fc.record({ code: fc.constant('internal'), message: fc.string(), retryable: fc.boolean() }),
    ),
  })
  // A mark and an error come with an end.
  .map((each): Attempt => plain(each.ended_at === undefined ? { ...each, outcome_mark: undefined } : each))

const seldom = fc
  .record({
    priority: fc.integer({ min: 4, max: 6 }),
    any_build: fc.boolean(),
    attempt_timeout_ms: fc.constantFrom(600_000, 1_000),
    requires: fc.array(fc.string(), { maxLength: 2 }),
    retry: fc.constantFrom(
      { max_attempts: 5, base_delay_ms: 500, max_delay_ms: 60_000, always: false },
      { max_attempts: 5, base_delay_ms: 500, max_delay_ms: 60_000, always: true },
      { max_attempts: 4, base_delay_ms: 0, max_delay_ms: 60_000, always: false },
    ),
    labels: fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 2, noNullPrototype: true }),
    metadata: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2, noNullPrototype: true }),
    target: optional(fc.string()),
    queue_timeout_ms: optional(fc.nat()),
    deadline: optional(fc.nat()),
    concurrency: optional(fc.record({ key: fc.string(), limit: fc.nat() })),
  })
  .map(plain)
  .filter(({ labels }) => !Object.hasOwn(labels, '__proto__'))

const rowOf = (spec: string, attempts: string) => ({
  n: 7,
  task_id: 't',
  seq: 3,
  state: 1,
  fence: 0,
  tool: 'work',
  principal: 'alice',
  idempotency_key: null,
  created_at: AT,
  run_at: null,
  queued_at: null,
  ended_at: null,
  error: null,
  spec,
  attempts,
})

it('a task comes out of its row as it went in, whatever of it is left out there', () => {
  fc.assert(
    fc.property(seldom, fc.array(attempt, { maxLength: 3 }), (more, attempts) => {
      const head = headOf('t', { ...more, seq: 3, state: 'queued', attempts })
      expect(taskFromRow(rowOf(specOf(head), attemptsToText(attempts)))).toEqual({ n: 7, head })
    }),
  )
})

it('a task of a file that says everything is read too', () => {
  const attempts = [{ number: 1, fence: 1, peer_id: 'p', instance_id: 'i', state: 'lost', started_at: AT }]
  const { code_cid, repeat, priority, requires, any_build, attempt_timeout_ms, retry, labels, metadata } =
    headOf('t')
  const spec = {
    code_cid,
    repeat,
    priority,
    requires,
    any_build,
    attempt_timeout_ms,
    retry,
    labels,
    metadata,
  }
  expect(taskFromRow(rowOf(JSON.stringify(spec), JSON.stringify(attempts))).head).toEqual(
    headOf('t', { seq: 3, state: 'queued', attempts: attempts as Attempt[] }),
  )
})
