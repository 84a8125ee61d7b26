import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OutcomeReport } from '../../queue/work.ts'
import { readAssignments, readReports, writeReports } from './batch-messages.ts'
import { completeParams, MAX_BATCH, runParams } from './protocol.ts'

const assignment = {
  lease: { task_id: 't1', attempt: 1, fence: 0, lease_ms: 30_000, deadline_ms: 0.5 },
  tool: 'text_echo',
  input: { text: 'hi' },
}
const outcome = { task_id: 't1', fence: 0, instance_id: 'run-1', state: 'succeeded', result: null }
const failure = { code: 'tool_failed', message: 'no', retryable: true }

/** What may stand where something else belongs. */
const odd = fc.constantFrom<unknown>(
  ...[undefined, null, true, '', 'x', 'x'.repeat(128), 'x'.repeat(129), 'failed', 'succeeded', 'cancelled'],
  ...[-1, 0, 1, 1.5, 1e300, 2 ** 53, [], {}, [{}], failure],
)

/** A message of what is in order, with something odd at some of these paths. */
const spoilt = (item: object, list: string, paths: string[]) =>
  fc
    .array(fc.record({ path: fc.constantFrom(...paths), value: odd }), { maxLength: 3 })
    .map(changes => JSON.stringify({ [list]: [item, changes.reduce(changed, item)] }))
    // As it comes from a peer.
    .map((text): unknown => JSON.parse(text))

function changed(item: object, { path, value }: { path: string; value: unknown }): object {
  const [first = '', second] = path.split('.')
  const inner: unknown = Reflect.get(item, first)
  if (second === undefined || typeof inner !== 'object' || inner === null) return { ...item, [first]: value }
  return { ...item, [first]: { ...inner, [second]: value } }
}

function outputOr<T>(read: () => T): T | 'refused' {
  try {
    return read()
  } catch {
    return 'refused'
  }
}

describe('batch messages', () => {
  it('reads assignments exactly where the schema does', () => {
    const paths = ['lease', 'tool', 'input', 'logs', 'lease.task_id', 'lease.attempt', 'lease.fence']
    const message = spoilt(assignment, 'assignments', [...paths, 'lease.lease_ms', 'lease.deadline_ms'])
    fc.assert(
      fc.property(message, params => {
        const parsed = runParams.safeParse(params)
        expect(outputOr(() => readAssignments(params))).toEqual(
          parsed.success ? parsed.data.assignments : 'refused',
        )
      }),
    )
  })

  it('reads outcomes exactly where the schema does', () => {
    const paths = ['task_id', 'fence', 'instance_id', 'state', 'result', 'error', 'logs']
    fc.assert(
      fc.property(spoilt(outcome, 'outcomes', paths), params => {
        const parsed = completeParams.safeParse(params)
        const read = outputOr(() => readReports(params))
        if (!parsed.success) expect(read).toBe('refused')
        else expect(read === 'refused' ? read : writeReports(read).outcomes).toEqual(parsed.data.outcomes)
      }),
    )
  })

  it('names what is wrong, as everywhere', () => {
    const wrong = { assignments: [assignment, { ...assignment, lease: { ...assignment.lease, fence: -1 } }] }
    expect(() => readAssignments(wrong)).toThrow('/assignments/1/lease/fence: got -1, allowed: at least 0')
    expect(() => readReports({ outcomes: [{ ...outcome, state: 'lost' }] })).toThrow(
      /^\/outcomes\/0\/state: got "lost"/,
    )
    const many = Array(MAX_BATCH + 1)
    expect(() => readAssignments({ assignments: many.fill(assignment) })).toThrow(/assignments/)
    expect(() => readReports({ outcomes: many.fill(outcome) })).toThrow(/outcomes/)
    expect(() => readReports(undefined)).toThrow()
  })

  it('writes what it reads', () => {
    const reports: OutcomeReport[] = [
      { task_id: 't1', fence: 1, instance_id: 'i', outcome: { state: 'succeeded', result: { a: 1 } } },
      {
        task_id: 't2',
        fence: 2,
        instance_id: 'i',
        outcome: {
          state: 'failed',
          error: { code: 'tool_failed', message: 'no', retryable: false },
          logs: [{ at: 1, level: 'info', message: 'line' }],
        },
      },
    ]
    expect(readReports(JSON.parse(JSON.stringify(writeReports(reports))))).toEqual(reports)
  })
})
