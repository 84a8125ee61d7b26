import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TaskHead, type TaskState, TERMINAL_STATES } from '../task.ts'
import { headOf, lease, settle, submit } from './commands.fixture.ts'
import type { Command, CommandMap, ReportedOutcome, TaskChanges } from './commands.ts'
import { decide, dueAt } from './states.ts'

const AT = 1_750_000_000_000

/** Runs commands one after the other; a refused one must be expected. */
function taskAfter(first: TaskHead, ...commands: Command[]): TaskHead {
  return [submit(first), ...commands].reduce<TaskHead | undefined>((task, command) => {
    const decision = decide(task, command)
    if ('refusal' in decision) throw new Error(`${command.kind}: ${decision.refusal}`)
    return decision.task
  }, undefined)!
}

function refusalOf(task: TaskHead | undefined, command: Command): string | undefined {
  const decision = decide(task, command)
  return 'refusal' in decision ? decision.refusal : undefined
}

function settled(fence: number, outcome: ReportedOutcome, at = AT): CommandMap['settle'] {
  return { ...settle('t', fence), outcome, at }
}

function failure(
  code: 'tool_failed' | 'unavailable' | 'timed_out' | 'outcome_unknown',
  retryable = true,
): ReportedOutcome {
  return { state: 'failed', error: { code, message: code, retryable } }
}

const givenUp: ReportedOutcome = {
  state: 'cancelled',
  error: { code: 'cancelled', message: 'leaving', retryable: true },
}
const lost = (fence: number): Command => ({
  kind: 'release',
  task_id: 't',
  at: AT,
  roll: 0,
  fence,
  cause: 'lost',
})
const cancel: Command = { kind: 'cancel', task_id: 't', at: AT, reason: 'no need' }

describe('an outcome', () => {
  it('of the latest lease is committed, also when the task is back in the queue', () => {
    expect(taskAfter(headOf('t'), lease('t'), settle('t', 1)).state).toBe('succeeded')
    expect(taskAfter(headOf('t'), lease('t'), lost(1), settle('t', 1)).state).toBe('succeeded')
  })

  it('is stale when the task was leased since, when another peer brings it, and when nobody had the fence', () => {
    const twice = taskAfter(headOf('t'), lease('t'), lost(1), lease('t'))
    expect(refusalOf(twice, settle('t', 1))).toBe('stale_fence')
    expect(refusalOf(twice, { ...settle('t', 2), peer_id: 'p2' })).toBe('stale_fence')
    expect(refusalOf(twice, { ...settle('t', 2), instance_id: 'i2' })).toBe('stale_fence')
    expect(refusalOf(twice, settle('t', 3))).toBe('stale_fence')
    expect(refusalOf(undefined, settle('t', 1))).toBe('stale_fence')
  })

  it('that was accepted is a duplicate for ever, a failure that was retried too', () => {
    const failed = settled(1, failure('tool_failed'))
    const retried = taskAfter(headOf('t'), lease('t'), failed)
    expect(retried.state).toBe('queued')
    expect(refusalOf(retried, failed)).toBe('duplicate')
    expect(refusalOf(retried, settle('t', 1))).toBe('stale_fence')
    expect(refusalOf(taskAfter(headOf('t'), lease('t'), failed, lease('t'), settle('t', 2)), failed)).toBe(
      'duplicate',
    )
  })

  it('that only says that an overrunning attempt was stopped does not uncount it', () => {
    const overran: Command = { kind: 'release', task_id: 't', at: AT, roll: 0, fence: 1, cause: 'timed_out' }
    const late = taskAfter(headOf('t'), lease('t'), overran)
    expect(refusalOf(late, settled(1, givenUp))).toBe('stale_fence')
    expect(refusalOf(late, settled(1, failure('unavailable')))).toBe('stale_fence')
    expect(taskAfter(headOf('t'), lease('t'), overran, settle('t', 1)).state).toBe('succeeded')
  })

  it('of a cancelled task is stale', () => {
    const cancelled = taskAfter(headOf('t'), lease('t'), cancel)
    expect(cancelled).toMatchObject({ state: 'cancelled', fence: 2, attempts: [{ state: 'cancelled' }] })
    expect(refusalOf(cancelled, settle('t', 1))).toBe('stale_fence')
  })
})

describe('retrying', () => {
  const policy = { max_attempts: 2, base_delay_ms: 100, max_delay_ms: 1_000, always: false }

  it('is put back at once when its first peer was lost, and backs off when it is lost again', () => {
    const late = (fence: number): Command => ({ ...lost(fence), roll: 0.999 }) as Command
    const once = taskAfter(headOf('t'), lease('t'), late(1))
    expect(once).toMatchObject({ state: 'queued', queued_at: AT })
    expect(once).not.toHaveProperty('run_at')
    const twice = taskAfter(headOf('t'), lease('t'), late(1), lease('t'), late(2))
    expect(twice.run_at).toBeGreaterThan(AT)
  })

  it('waits with exponential backoff and full jitter, and the last failure is the end', () => {
    const failed = settled(1, failure('tool_failed'))
    const first = taskAfter(headOf('t', { retry: policy }), lease('t'), { ...failed, roll: 0.999 })
    expect(first).toMatchObject({ state: 'queued', run_at: AT + 100 })
    expect(refusalOf(first, lease('t'))).toBe('not_due')
    const second = decide(first, { ...lease('t'), at: AT + 100 })
    if ('refusal' in second) throw new Error(second.refusal)
    const end = decide(second.task, settled(2, failure('timed_out')))
    expect(end).toMatchObject({
      task: { state: 'failed', error: { code: 'timed_out' }, attempts: [{}, { state: 'timed_out' }] },
    })
  })

  it('ends at once with a failure that cannot be retried', () => {
    const ended = taskAfter(headOf('t'), lease('t'), settled(1, failure('tool_failed', false)))
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'tool_failed' } })
  })

  it('does not count attempts that were refused or given back', () => {
    const many = [1, 2, 3, 4].flatMap(fence => [
      lease('t'),
      settled(fence, fence % 2 ? failure('unavailable') : givenUp),
    ])
    const task = taskAfter(headOf('t', { retry: { ...policy, base_delay_ms: 0 } }), ...many)
    expect(task.state).toBe('queued')
    expect(task.attempts.every(attempt => attempt.state === 'released')).toBe(true)
  })

  it('never repeats a once tool that may have begun, unless it has a key or asked for it', () => {
    const once = headOf('t', { repeat: 'once' })
    expect(taskAfter(once, lease('t'), lost(1))).toMatchObject({
      state: 'failed',
      error: { code: 'outcome_unknown' },
    })
    expect(taskAfter(once, lease('t'), settled(1, givenUp))).toMatchObject({
      error: { code: 'outcome_unknown' },
    })
    expect(taskAfter(once, lease('t'), settled(1, failure('outcome_unknown')))).toMatchObject({
      state: 'failed',
    })
    expect(taskAfter(once, lease('t'), settled(1, failure('tool_failed')))).toMatchObject({
      error: { code: 'tool_failed' },
    })
    expect(taskAfter(once, lease('t'), settled(1, failure('unavailable'))).state).toBe('queued')
    expect(taskAfter({ ...once, idempotency_key: 'k' }, lease('t'), lost(1)).state).toBe('queued')
    expect(taskAfter({ ...once, retry: { ...once.retry, always: true } }, lease('t'), lost(1)).state).toBe(
      'queued',
    )
  })

  it('keeps a bounded history of attempts that loses none that counts', () => {
    const policy = { max_attempts: 100, base_delay_ms: 0, max_delay_ms: 0, always: false }
    const back = (fence: number): Command[] => [lease('t'), settled(fence, givenUp)]
    const fail = (fence: number): Command[] => [lease('t'), settled(fence, failure('tool_failed'))]
    const steps = Array.from({ length: 300 }, (_, index) =>
      index % 4 === 0 ? fail(index + 1) : back(index + 1),
    )
    const task = taskAfter(headOf('t', { retry: policy }), ...steps.flat())
    expect(task.attempts.length).toBeLessThanOrEqual(120)
    expect(task.attempts.filter(attempt => attempt.state === 'failed')).toHaveLength(75)
    expect(task.attempts.at(-1)!.number).toBe(300)
  })
})

describe('time', () => {
  const due = (at: number): Command => ({ kind: 'due', task_id: 't', at })

  it('makes a scheduled task wait only when it is due', () => {
    const scheduled = taskAfter(headOf('t', { run_at: AT + 10 }))
    expect(scheduled.state).toBe('scheduled')
    expect(dueAt(scheduled)).toBe(AT + 10)
    expect(refusalOf(scheduled, due(AT + 9))).toBe('not_due')
    expect(refusalOf(scheduled, lease('t'))).toBe('wrong_state')
    expect(decide(scheduled, due(AT + 10))).toMatchObject({ task: { state: 'queued', queued_at: AT + 10 } })
  })

  it('brings a retry back that was held back, with all of its time in the queue', () => {
    const failed = { ...settled(1, failure('tool_failed')), roll: 0.999 }
    const held = taskAfter(headOf('t', { queue_timeout_ms: 50 }), lease('t'), failed)
    expect(held).toMatchObject({ state: 'queued', run_at: AT + 100 })
    expect(dueAt(held)).toBe(AT + 100)
    expect(refusalOf(held, due(AT + 99))).toBe('not_due')
    const back = decide(held, due(AT + 120))
    if ('refusal' in back) throw new Error(back.refusal)
    expect(back.task).toMatchObject({ state: 'queued', queued_at: AT + 120 })
    expect(back.task).not.toHaveProperty('run_at')
    expect(dueAt(back.task)).toBe(AT + 170)
  })

  it('expires what waited too long, and whatever is past its deadline', () => {
    const task = taskAfter(headOf('t', { queue_timeout_ms: 5, deadline: AT + 50 }))
    expect(dueAt(task)).toBe(AT + 5)
    expect(refusalOf(task, due(AT + 4))).toBe('not_due')
    expect(decide(task, due(AT + 5))).toMatchObject({ task: { state: 'expired' } })
    const running = decide(task, lease('t'))
    if ('refusal' in running) throw new Error(running.refusal)
    expect(dueAt(running.task)).toBe(AT + 50)
    expect(refusalOf(running.task, due(AT + 5))).toBe('not_due')
    const expired = decide(running.task, due(AT + 50))
    if ('refusal' in expired) throw new Error(expired.refusal)
    expect(expired.task).toMatchObject({ state: 'expired', attempts: [{ state: 'timed_out' }] })
    expect(dueAt(expired.task)).toBeUndefined()
    expect(refusalOf(expired.task, due(AT + 99))).toBe('terminal')
  })
})

describe('an update', () => {
  const update = (changes: TaskChanges): Command => ({ kind: 'update', task_id: 't', at: AT, changes })

  it('changes what a task asks for that never ran, and takes limits away', () => {
    const task = taskAfter(
      headOf('t', { deadline: AT + 50, queue_timeout_ms: 5 }),
      update({
        deadline: null,
        queue_timeout_ms: null,
        priority: 9,
        labels: { a: 'b' },
        attempt_timeout_ms: 7,
      }),
    )
    expect(task).toMatchObject({ state: 'queued', priority: 9, labels: { a: 'b' }, attempt_timeout_ms: 7 })
    expect(task).not.toHaveProperty('deadline')
    expect(task).not.toHaveProperty('queue_timeout_ms')
    expect(taskAfter(task, update({ deadline: AT + 9, queue_timeout_ms: 3 }))).toMatchObject({
      deadline: AT + 9,
      queue_timeout_ms: 3,
    })
  })

  it('moves the start', () => {
    const later = taskAfter(headOf('t'), update({ run_at: AT + 10 }))
    expect(later).toMatchObject({ state: 'scheduled', run_at: AT + 10 })
    expect(later).not.toHaveProperty('queued_at')
    const now = decide(later, update({ run_at: AT }))
    expect(now).toMatchObject({ task: { state: 'queued', queued_at: AT } })
  })

  it('is refused while the task runs, and but for its priority once it ran', () => {
    expect(refusalOf(taskAfter(headOf('t'), lease('t')), update({ priority: 1 }))).toBe('wrong_state')
    const lostOnce = taskAfter(headOf('t'), lease('t'), lost(1))
    expect(refusalOf(lostOnce, update({ priority: 1, labels: {} }))).toBe('wrong_state')
    expect(decide(lostOnce, update({ priority: 1 }))).toMatchObject({
      task: { priority: 1, state: 'queued' },
    })
    expect(refusalOf(taskAfter(headOf('t'), cancel), update({ priority: 1 }))).toBe('terminal')
  })
})

describe('any sequence of commands', () => {
  const peer = fc.constantFrom('p1', 'p2')
  const outcome = fc.oneof(
    fc.constantFrom<ReportedOutcome>(
      { state: 'succeeded', result: '1' },
      { state: 'succeeded', result: '{"b":1,"a":2}' },
    ),
    fc.constantFrom(
      failure('tool_failed'),
      failure('tool_failed', false),
      failure('unavailable'),
      failure('timed_out'),
    ),
    fc.constantFrom(failure('outcome_unknown'), givenUp),
  )
  const base = { task_id: fc.constant('t'), at: fc.integer({ min: AT, max: AT + 2_000 }) }
  const rolled = {
    ...base,
    roll: fc.double({ min: 0, max: 0.999, noNaN: true }),
    fence: fc.integer({ min: 0, max: 8 }),
  }
  const command: fc.Arbitrary<Command> = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        ...base,
        kind: fc.constant('lease' as const),
        peer_id: peer,
        instance_id: peer,
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        ...rolled,
        kind: fc.constant('settle' as const),
        peer_id: peer,
        instance_id: peer,
        outcome,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        ...rolled,
        kind: fc.constant('release' as const),
        cause: fc.constantFrom('lost' as const, 'timed_out' as const, 'given_back' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ ...base, kind: fc.constant('cancel' as const), reason: fc.constant('x') }),
    },
    { weight: 2, arbitrary: fc.record({ ...base, kind: fc.constant('due' as const) }) },
  )
  const task = fc.record({
    repeat: fc.constantFrom('pure' as const, 'once' as const),
    retry: fc.record({
      max_attempts: fc.integer({ min: 1, max: 4 }),
      base_delay_ms: fc.constant(10),
      max_delay_ms: fc.constant(100),
      always: fc.boolean(),
    }),
    deadline: fc.constant(AT + 1_500),
    queue_timeout_ms: fc.constant(300),
  })
  const ALLOWED: Record<TaskState, TaskState[]> = {
    scheduled: ['queued', 'cancelled', 'expired'],
    queued: ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired'],
    running: ['queued', 'succeeded', 'failed', 'cancelled', 'expired'],
    succeeded: [],
    failed: [],
    cancelled: [],
    expired: [],
  }

  it('keeps every rule of the table', () => {
    fc.assert(
      fc.property(task, fc.array(command, { maxLength: 40 }), (more, commands) => {
        let now = taskAfter(headOf('t', more))
        let spent = 0
        const accepted: CommandMap['settle'][] = []
        for (const each of commands) {
          const frozen = JSON.stringify(now)
          const decision = decide(now, each)
          expect(JSON.stringify(now)).toBe(frozen)
          if ('refusal' in decision) continue
          const next = decision.task
          expect(ALLOWED[now.state]).toContain(next.state)
          expect(next.fence - now.fence).toBe(each.kind === 'lease' || each.kind === 'cancel' ? 1 : 0)
          if (each.kind === 'settle') {
            expect(each.fence).toBe(now.fence)
            accepted.push(each)
          }
          now = next
          for (const earlier of accepted) expect(refusalOf(now, earlier)).toBe('duplicate')
          const counted = now.attempts.filter(({ state }) => state !== 'released' && state !== 'running')
          expect(counted.length).toBeLessThanOrEqual(now.retry.max_attempts)
          expect(counted.length).toBeGreaterThanOrEqual(spent)
          spent = counted.length
          expect(now.attempts.filter(({ state }) => state === 'running')).toHaveLength(
            now.state === 'running' ? 1 : 0,
          )
          expect(TERMINAL_STATES.has(now.state)).toBe(now.ended_at !== undefined)
          if (more.repeat === 'once' && !more.retry.always) expect(counted.length).toBeLessThanOrEqual(1)
        }
        const successes = accepted.filter(({ outcome }) => outcome.state === 'succeeded')
        expect(successes).toHaveLength(now.state === 'succeeded' ? 1 : 0)
      }),
      { numRuns: 2_000 },
    )
  })
})
