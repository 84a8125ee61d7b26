import { describe, expect, it } from 'vitest'
import { ManualClock } from '../shared/clock.ts'
import type { AttemptHooks, Outcome } from '../shared/queue/task.ts'
import type { Assignment, Worker } from '../shared/queue/work.ts'
import { AttemptLog, type AttemptLogView } from './attempt-log.ts'

const signal = new AbortController().signal

function assignment(task_id: string): Assignment {
  const lease = { task_id, attempt: 1, fence: 1, lease_ms: 30_000, deadline_ms: 60_000 }
  return { lease, tool: 'probe', input: {} }
}

function makeLog() {
  const clock = new ManualClock(1_000)
  const started: { hooks: AttemptHooks; end: (outcome: Outcome) => void }[] = []
  const worker: Worker = {
    run: (_owner, _assignment, hooks) => new Promise(end => started.push({ hooks, end })),
    cancel: () => false,
    settled() {},
    live: () => [],
  }
  const view: { now: AttemptLogView } = {
    now: { running: [], done: { succeeded: 0, failed: 0 }, recent: [] },
  }
  const log = new AttemptLog(worker, clock, seen => {
    view.now = seen
  })
  return { log, clock, started, view }
}

const SUCCEEDED: Outcome = { state: 'succeeded', result: {} }
const failed = (code: 'tool_failed' | 'unavailable'): Outcome => ({
  state: 'failed',
  error: { code, message: '', retryable: true },
})

describe('AttemptLog', () => {
  it('shows what runs, its progress, and then how it ended', async () => {
    const { log, clock, started, view } = makeLog()
    const run = log.run('owner', assignment('t'), {}, signal)
    started[0]?.hooks.onProgress?.({ done: 1, total: 2 })
    started[0]?.hooks.onProgress?.({ done: 2, total: 2 })
    expect(view.now.running).toEqual([
      { task_id: 't', tool: 'probe', started_at: 1_000, progress: { done: 2, total: 2 } },
    ])
    await clock.advance(250)
    started[0]?.end(SUCCEEDED)
    await run
    expect(view.now).toEqual({
      running: [],
      done: { succeeded: 1, failed: 0 },
      recent: [{ task_id: 't', tool: 'probe', ok: true, ms: 250, ended_at: 1_250 }],
    })
  })

  it('counts failures, but not attempts that were given back unrun', async () => {
    const { log, started, view } = makeLog()
    const runs = ['a', 'b'].map(id => log.run('owner', assignment(id), {}, signal))
    started[0]?.end(failed('tool_failed'))
    started[1]?.end(failed('unavailable'))
    await Promise.all(runs)
    expect(view.now.done).toEqual({ succeeded: 0, failed: 1 })
    expect(view.now.recent.map(one => one.task_id)).toEqual(['a'])
  })

  it('keeps the last fifty, newest first', async () => {
    const { log, started, view } = makeLog()
    for (let n = 0; n < 60; n++) {
      const run = log.run('owner', assignment(`t${n}`), {}, signal)
      started[n]?.end(SUCCEEDED)
      await run
    }
    expect(view.now.recent).toHaveLength(50)
    expect(view.now.recent[0]?.task_id).toBe('t59')
  })
})
