import { describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { ToolmeshError } from '../errors.ts'
import type { Json } from '../tools/tool.ts'
import { AttemptRunner, type AttemptRunnerInit, type Execution } from './attempt-runner.ts'
import { MemoryOutbox } from './outbox.ts'
import { settle, TEST_TOOLS } from './queue.fixture.ts'
import type { Assignment, OutcomeReport, OutcomeVerdict } from './work.ts'

class NotRunError extends ToolmeshError {
  constructor() {
    super('unavailable', 'busy')
  }
}

function assign(task_id: string, tool = 'work'): Assignment {
  return {
    lease: { task_id, attempt: 1, fence: 1, lease_ms: 30_000, deadline_ms: 1_000 },
    tool,
    input: { n: 1 },
  }
}

const never = new AbortController().signal

function openRunner(init: Partial<AttemptRunnerInit> = {}) {
  const clock = new ManualClock()
  const outbox = new MemoryOutbox()
  const executions: { execution: Execution; end: (result: Json) => void; fail: (error: unknown) => void }[] =
    []
  const runner = new AttemptRunner({
    instanceId: 'run-1',
    execute: execution =>
      new Promise((resolve, reject) => {
        execution.signal.addEventListener('abort', () => reject(new ToolmeshError('cancelled', 'stopped')))
        executions.push({ execution, end: resolve, fail: reject })
      }),
    hasNotRun: error => error instanceof NotRunError,
    outbox,
    clock,
    catalogue: TEST_TOOLS,
    capacity: 2,
    ...init,
  })
  const pending = async () => (await outbox.list('owner', 100)).map(entry => entry.task_id)
  return { runner, clock, outbox, executions, pending }
}

function ownerThatTakes() {
  const batches: OutcomeReport[][] = []
  const complete = async (reports: OutcomeReport[]): Promise<OutcomeVerdict[]> => {
    batches.push(reports)
    return reports.map(() => 'committed')
  }
  return { batches, complete }
}

describe('AttemptRunner', () => {
  it('runs an attempt with its own limit, and keeps the outcome until its owner has settled it', async () => {
    const { runner, executions, pending } = openRunner()
    const seen: unknown[] = []
    const assignment = assign('t1')
    const run = runner.run('owner', assignment, { onProgress: progress => seen.push(progress) }, never)
    executions[0]!.execution.onProgress({ done: 1, total: 2 })
    expect(executions[0]!.execution).toMatchObject({ input: { n: 1 }, timeoutMs: 1_000 })
    expect(runner.live('owner')).toEqual([{ task_id: 't1', fence: 1, progress: { done: 1, total: 2 } }])
    expect(runner.live('someone else')).toEqual([])
    executions[0]!.end({ ok: true })
    expect(await run).toEqual({ state: 'succeeded', result: { ok: true } })
    expect(seen).toEqual([{ done: 1, total: 2 }])
    expect(await pending()).toEqual(['t1'])
    runner.settled('owner', assignment.lease)
    await settle()
    expect(await pending()).toEqual([])
    expect(runner.stats).toMatchObject({ running: 0, succeeded: 1, failed: 0 })
  })

  it('refuses what it has no room or no tool for, so that the owner gives it to another', async () => {
    const { runner } = openRunner({ capacity: 1 })
    void runner.run('owner', assign('t1'), {}, never)
    const refusals = [
      await runner.run('owner', assign('t2'), {}, never),
      await runner.run('owner', assign('t3', 'unknown'), {}, never),
    ]
    expect(refusals).toMatchObject([{ error: { code: 'unavailable' } }, { error: { code: 'no_runtime' } }])
    runner.setCapacity(2)
    runner.pause()
    expect(await runner.run('owner', assign('t4'), {}, never)).toMatchObject({
      error: { code: 'unavailable' },
    })
    expect(runner.credits).toBe(0)
    runner.resume()
    expect(runner.credits).toBe(2)
  })

  it('tells a runtime that could not begin from one that was lost under the call', async () => {
    const { runner, executions } = openRunner()
    const runs = [runner.run('owner', assign('t1'), {}, never), runner.run('owner', assign('t2'), {}, never)]
    executions[0]!.fail(new NotRunError())
    executions[1]!.fail(new ToolmeshError('unavailable', 'the worker died'))
    expect(await Promise.all(runs)).toMatchObject([
      { error: { code: 'unavailable' } },
      { error: { code: 'outcome_unknown' } },
    ])
  })

  it('passes a cancel on and reports it', async () => {
    const { runner } = openRunner()
    const cancel = new AbortController()
    const run = runner.run('owner', assign('t1'), {}, cancel.signal)
    cancel.abort()
    expect(await run).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } })
  })

  it('flushes the outbox in batches with the instance that ran it', async () => {
    const { runner, outbox, pending } = openRunner()
    for (let index = 0; index < 70; index++) {
      const outcome = { state: 'succeeded', result: index } as const
      await outbox.put({ owner: 'owner', task_id: `t${index}`, fence: 3, instance_id: 'run-0', outcome })
    }
    const { batches, complete } = ownerThatTakes()
    await runner.flush('owner', complete)
    expect(batches.map(batch => batch.length)).toEqual([32, 32, 6])
    expect(batches[0]![0]).toEqual({
      task_id: 't0',
      fence: 3,
      instance_id: 'run-0',
      outcome: { state: 'succeeded', result: 0 },
    })
    expect(await pending()).toEqual([])
  })

  it('flushes large results in messages of their own, and drops one that no session carries', async () => {
    const { runner, outbox, pending } = openRunner()
    for (const [task_id, size] of [
      ['t1', 10],
      ['t2', 700_000],
      ['t3', 700_000],
      ['huge', 5_000_000],
      ['t4', 10],
    ] as const) {
      const outcome = { state: 'succeeded', result: 'x'.repeat(size) } as const
      await outbox.put({ owner: 'owner', task_id, fence: 1, instance_id: 'run-0', outcome })
    }
    const sent: string[][] = []
    await runner.flush('owner', async reports => {
      sent.push(reports.map(report => report.task_id))
      if (reports.some(report => report.task_id === 'huge'))
        throw new ToolmeshError('frame_too_large', 'too large')
      return reports.map(() => 'committed')
    })
    expect(sent).toEqual([['t1', 't2'], ['t3'], ['huge'], ['t4']])
    expect(await pending()).toEqual([])
  })

  it('keeps what could not be flushed', async () => {
    const { runner, outbox, pending } = openRunner()
    const outcome = { state: 'succeeded', result: 1 } as const
    await outbox.put({ owner: 'owner', task_id: 't1', fence: 1, instance_id: 'run-0', outcome })
    await expect(runner.flush('owner', () => Promise.reject(new Error('no link')))).rejects.toThrow('no link')
    expect(await pending()).toEqual(['t1'])
  })

  it('reports by itself an outcome whose answer got lost after the owner was reached again', async () => {
    const { runner, clock, executions, pending } = openRunner()
    const run = runner.run('owner', assign('t1'), {}, never)
    const { batches, complete } = ownerThatTakes()
    await runner.flush('owner', complete)
    executions[0]!.end(1)
    await run
    await clock.advance(4_000)
    expect(batches).toHaveLength(0)
    await clock.advance(2_000)
    await settle()
    expect(batches).toMatchObject([[{ task_id: 't1', fence: 1, instance_id: 'run-1' }]])
    expect(await pending()).toEqual([])
  })

  it('drains: takes nothing new, waits for what runs, and gives it back on abort', async () => {
    const { runner, executions } = openRunner()
    const first = runner.run('owner', assign('t1'), {}, never)
    const second = runner.run('owner', assign('t2'), {}, never)
    const leave = new AbortController()
    const drained = runner.drain(leave.signal)
    expect(await runner.run('owner', assign('t3'), {}, never)).toMatchObject({
      error: { code: 'unavailable' },
    })
    executions[0]!.end(1)
    expect(await first).toMatchObject({ state: 'succeeded' })
    leave.abort()
    expect(await second).toMatchObject({ state: 'cancelled' })
    await drained
  })
})
