import fc from 'fast-check'
import { expect, it } from 'vitest'
import { AT, headOf, lease, settle, submit } from '../../../shared/queue/states/commands.fixture.ts'
import type { Command, Reply, ReportedOutcome } from '../../../shared/queue/states/commands.ts'
import { TASK_STATES } from '../../../shared/queue/task.ts'
import { commandsFromText, commandsToText } from './command-codec.ts'
import { repliesFromText, repliesToText } from './reply-codec.ts'

const id = fc.constantFrom('t1', 't2', 't3')
const labels = fc.dictionary(fc.constantFrom('a', 'b', '-', 'task', '__proto__'), fc.constantFrom('x', 'y'))
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

/** As JSON would give it back: a field that is undefined is not there. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

const head = fc
  .record({
    labels,
    requires: fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
    run_at: optional(fc.nat()),
    target: optional(id),
    idempotency_key: optional(id),
    concurrency: optional(fc.record({ key: id, limit: fc.nat(3) })),
    metadata: fc.dictionary(id, fc.jsonValue()),
  })
  .chain(more => id.map(task_id => headOf(task_id, plain(more))))

const outcome: fc.Arbitrary<ReportedOutcome> = fc.oneof(
  fc
    .oneof(id, fc.record({ blob: id, size: fc.nat() }))
    .map((result): ReportedOutcome => ({ state: 'succeeded', result })),
  id.map(
    (message): ReportedOutcome => ({
      state: 'failed',
      error: { code: 'internal', message, retryable: true },
    }),
  ),
)

const command: fc.Arbitrary<Command> = fc.oneof(
  head.map(submit),
  head.map((task): Command => ({ ...submit(task), guard: { workflow_id: 'w', fence: 3 } })),
  id.map(lease),
  fc.tuple(id, fc.nat(2)).map(([task_id, fence]) => settle(task_id, fence)),
  fc
    .record({ task_id: id, outcome, peer_id: id, logs: optional(fc.constant('[]')) })
    .map((more): Command => plain({ ...settle('t', 1), ...more })),
  fc
    .tuple(id, optional(fc.constant('[]')))
    .map(
      ([task_id, logs]): Command =>
        plain({ kind: 'release', task_id, at: AT, roll: 0, fence: 1, cause: 'lost', logs }),
    ),
  fc
    .tuple(id, labels)
    .map(([task_id, labels]): Command => ({ kind: 'update', task_id, at: AT, changes: { labels } })),
)

/** A reply to a command. */
const replyTo = fc.oneof(
  id.map(task_id => (): Reply => ({ changed: false, task_id, refusal: 'terminal', state: 'failed' })),
  fc
    .record({
      seq: fc.nat(),
      peer_id: optional(id),
      queued_at: optional(fc.nat()),
      state: fc.constantFrom(...TASK_STATES),
      lane: optional(id),
      left: optional(id),
      due_at: optional(fc.nat()),
      granted: optional(
        fc.record({
          params: fc.oneof(id, fc.record({ blob: id, size: fc.nat() })),
          attempt: fc.nat(3),
          attempt_timeout_ms: fc.constant(1_000),
          deadline: optional(fc.nat()),
        }),
      ),
    })
    .map(
      more =>
        ({ task_id, at }: Command): Reply =>
          plain({
            changed: true,
            task_id,
            fence: 0,
            at,
            tool: 'work',
            principal: 'a',
            order: 1,
            ...more,
          }),
    ),
)

it('commands and their replies come out as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(command, replyTo), { maxLength: 20 }), pairs => {
      const commands = pairs.map(([each]) => each)
      const replies = pairs.map(([command, reply]) => reply(command))
      expect(commandsFromText(commandsToText(commands))).toEqual(commands)
      expect(repliesFromText(commands, repliesToText(replies))).toEqual(replies)
    }),
  )
})

it('what is alike in a batch stands in its text once', () => {
  const task = headOf('t', { metadata: { note: 'n'.repeat(1_000) } })
  const commands = Array.from({ length: 10 }, (_, index) => submit({ ...task, task_id: `t${index}` }))
  expect(commandsToText(commands).length).toBeLessThan(3_000)
})
