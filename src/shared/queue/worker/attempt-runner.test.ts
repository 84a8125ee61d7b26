import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { ToolmeshError } from '../../errors.ts'
import type { Json, LogLine, Progress } from '../../tools/tool.ts'
import { LinkLostError } from '../errors.ts'
import { settle, TEST_TOOLS } from '../queue.fixture.ts'
import type { Assignment, OutcomeReport, OutcomeVerdict } from '../work.ts'
import { AttemptRunner, type AttemptRunnerInit, type Execution } from './attempt-runner.ts'
import { MemoryOutbox } from './outbox.ts'

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
    runner.settled('owner', [assignment.lease])
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

  it('cancels an attempt by its lease, however it came', async () => {
    const { runner } = openRunner()
    const run = runner.run('owner', assign('t1'), {})
    const reason = new Error('not wanted')
    expect(runner.cancel('owner', { task_id: 't1', fence: 2 }, reason)).toBe(false)
    expect(runner.cancel('someone else', { task_id: 't1', fence: 1 }, reason)).toBe(false)
    expect(runner.cancel('owner', { task_id: 't1', fence: 1 }, reason)).toBe(true)
    expect(await run).toMatchObject({ state: 'cancelled' })
    expect(runner.cancel('owner', { task_id: 't1', fence: 1 }, reason)).toBe(false)
  })

  it('refuses what an owner sends beyond its grant, and keeps the rest for the others', async () => {
    const { runner } = openRunner({ capacity: 3 })
    runner.grant('owner', 1)
    void runner.run('owner', assign('t1'), {})
    expect(await runner.run('owner', assign('t2'), {})).toMatchObject({ error: { code: 'unavailable' } })
    expect([runner.roomFor('owner'), runner.roomFor('own queue')]).toEqual([0, 2])
    runner.grant('owner', 2)
    expect(runner.roomFor('owner')).toBe(1)
    void runner.run('own queue', assign('t3'), {})
    void runner.run('own queue', assign('t4'), {})
    expect(runner.roomFor('owner')).toBe(0)
  })

  it('gives the newest log lines with the outcome, failures too', async () => {
    const { runner, executions } = openRunner()
    const heard: LogLine[] = []
    const chatty = runner.run('owner', assign('t1'), { onLog: line => heard.push(line) })
    const quiet = runner.run('owner', assign('t2'), {})
    for (let n = 0; n < 500; n += 1) {
      executions[0]!.execution.onLog({ level: 'info', message: `${n} ${'x'.repeat(2_000)}` })
    }
    executions[0]!.fail(new ToolmeshError('tool_failed', 'broke'))
    executions[1]!.end(1)
    const { logs = [] } = await chatty
    expect(heard).toHaveLength(500)
    expect(logs).toHaveLength(100)
    expect(logs[99]).toMatchObject({ at: expect.any(Number), message: expect.stringMatching(/^499 x/) })
    expect(logs[0]?.message).toHaveLength(1_000)
    expect(await quiet).not.toHaveProperty('logs')
  })

  it('passes on the newest progress ten times a second, and the last of all', async () => {
    const { runner, clock, executions } = openRunner()
    const seen: Progress[] = []
    void runner.run('owner', assign('t1'), { onProgress: progress => seen.push(progress) })
    for (let done = 1; done <= 1_000; done += 1) executions[0]!.execution.onProgress({ done })
    expect(seen).toEqual([{ done: 1 }])
    expect(runner.live('owner')).toMatchObject([{ progress: { done: 1_000 } }])
    await clock.advance(1_000)
    expect(seen).toEqual([{ done: 1 }, { done: 1_000 }])
  })

  it('tells its listeners once of what one tick has changed', async () => {
    const { runner, executions } = openRunner()
    const seen: number[] = []
    runner.onChange(({ running }) => seen.push(running))
    const runs = [runner.run('owner', assign('t1'), {}), runner.run('owner', assign('t2'), {})]
    await settle()
    for (const { end } of executions) end(1)
    await Promise.all(runs)
    await settle()
    expect(seen).toEqual([2, 0])
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

  it('hands over again what an owner could not take, as long as it is there', async () => {
    const { runner, clock, executions, pending } = openRunner()
    let answers = 0
    const complete = async (reports: OutcomeReport[]): Promise<OutcomeVerdict[]> => {
      answers += 1
      if (answers < 3) throw new ToolmeshError('unavailable', 'the disk is full')
      return reports.map(() => 'committed')
    }
    await runner.flush('owner', complete)
    const run = runner.run('owner', assign('t1'), {})
    executions[0]!.end(1)
    await run
    await clock.advance(5_000)
    expect([answers, await pending()]).toEqual([1, ['t1']])
    await clock.advance(10_000)
    await settle()
    expect([answers, await pending()]).toEqual([3, []])
  })

  it('hands over nothing by a link that is lost', async () => {
    const { runner, clock, executions, pending } = openRunner()
    let asked = 0
    await runner.flush('owner', async () => {
      asked += 1
      throw new LinkLostError('owner')
    })
    const run = runner.run('owner', assign('t1'), {})
    executions[0]!.end(1)
    await run
    await clock.advance(60_000)
    expect([asked, await pending()]).toEqual([1, ['t1']])
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
