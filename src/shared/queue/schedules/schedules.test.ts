import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { type ErrorFacts, InvalidInputError, ToolmeshError } from '../../errors.ts'
import { silentLogger } from '../../logger.ts'
import type { Json } from '../../tools/tool.ts'
import { openTestQueue, type TestQueue } from '../queue.fixture.ts'
import type { TaskRequest, TaskState } from '../task.ts'
import type { ScheduledWorkflow, ScheduleSpec } from './schedule-spec.ts'
import { Schedules, type SchedulesInit } from './schedules.ts'
import { taskSubmitter } from './task-submitter.ts'

const START = Date.parse('2026-01-31T12:00:30Z')
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const iso = (at: number) => new Date(at).toISOString()

/** A wall clock that can be moved without time passing. */
class MovableClock extends ManualClock {
  offset = 0
  override now(): number {
    return super.now() + this.offset
  }
}

interface MadeTask {
  principal: string
  key: string
  request: TaskRequest
  state: TaskState
}

/** What outlives a process: tasks by their keys, and records. */
class Kept {
  readonly tasks = new Map<string, MadeTask>()
  readonly made: MadeTask[] = []
  readonly workflows = new Map<string, { request: ScheduledWorkflow; runs: boolean }>()
  readonly records = new Map<string, Json>()

  submit(principal: string, request: TaskRequest, key: string): { id: string } {
    const id = `${principal} ${key}`
    const task: MadeTask = this.tasks.get(id) ?? { principal, key, request, state: 'queued' }
    if (!this.tasks.has(id)) this.made.push(task)
    this.tasks.set(id, task)
    return { id }
  }

  submitWorkflow(principal: string, request: ScheduledWorkflow, key: string): { id: string } {
    const id = `workflow of ${principal} ${key}`
    if (!this.workflows.has(id)) this.workflows.set(id, { request, runs: true })
    return { id }
  }
}

const RUNNING: ReadonlySet<TaskState> = new Set(['scheduled', 'queued', 'running'])

/** One run of a process over what is kept. After `kill` nothing that it does has an effect. */
class Run {
  readonly schedules: Schedules
  failing: Error | undefined
  receipt: ((request: TaskRequest) => { error: ErrorFacts } | undefined) | undefined
  /** Called before and after each effect; may kill. */
  onStep = () => {}
  #alive = true

  constructor(kept: Kept, clock: ManualClock, init: Partial<SchedulesInit> = {}) {
    this.schedules = new Schedules({
      tasks: {
        submit: (principal, request, key) =>
          this.#effect(() => this.receipt?.(request) ?? kept.submit(principal, request, key)),
        check: (_principal, request) => {
          if (request.tool !== 'work')
            throw new InvalidInputError('/tool', request.tool, 'the name of a tool')
        },
        runs: async id => RUNNING.has(kept.tasks.get(id)?.state ?? 'succeeded'),
      },
      workflows: {
        submit: (principal, request, key) => this.#effect(() => kept.submitWorkflow(principal, request, key)),
        async check(_principal, { workflow }) {
          if (workflow.name !== 'digest')
            throw new InvalidInputError('/workflow/name', workflow.name, 'a kept definition')
        },
        runs: async id => kept.workflows.get(id)?.runs ?? false,
      },
      store: {
        records: async () => [...kept.records].map(([key, value]) => ({ key, value })),
        putRecord: (key, value) =>
          this.#effect(
            () => void (value === undefined ? kept.records.delete(key) : kept.records.set(key, value)),
          ),
      },
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        after: (ms, fn) => clock.after(ms, () => this.#alive && fn()),
      },
      logger: silentLogger,
      ...init,
    })
  }

  kill(): void {
    this.#alive = false
  }

  async #effect<T>(effect: () => T): Promise<T> {
    this.onStep()
    await Promise.resolve()
    if (!this.#alive) throw new Error('killed')
    if (this.failing !== undefined) throw this.failing
    const result = effect()
    this.onStep()
    await Promise.resolve()
    if (!this.#alive) throw new Error('killed')
    return result
  }
}

const work = { tool: 'work', params: {} }
const spec = (changes: Partial<ScheduleSpec> = {}): ScheduleSpec => ({
  name: 'nightly',
  cron: '* * * * *',
  task: work,
  ...changes,
})

interface Opened {
  kept: Kept
  clock: MovableClock
  run: Run
  schedules: Schedules
  restart: (init?: Partial<SchedulesInit>) => Promise<Run>
}

const running: Schedules[] = []
afterEach(async () => {
  for (const schedules of running.splice(0)) await schedules.close()
})

async function open(init: Partial<SchedulesInit> = {}, at = START): Promise<Opened> {
  const kept = new Kept()
  const clock = new MovableClock(at)
  const start = async (init: Partial<SchedulesInit>) => {
    const run = new Run(kept, clock, init)
    await run.schedules.start()
    running.push(run.schedules)
    return run
  }
  const run = await start(init)
  return { kept, clock, run, schedules: run.schedules, restart: (again = init) => start(again) }
}

const ticksOf = (kept: Kept) => kept.made.map(task => task.key.replace(/^schedule:[^:]*:/, ''))

describe('Schedules', () => {
  it('submits its task at each tick, in its principal’s name, labelled and with a key of its own', async () => {
    const { kept, clock, schedules } = await open()
    expect(await schedules.set('alice', spec({ task: { ...work, labels: { a: 'b' } } }))).toEqual({
      ...spec({ task: { ...work, labels: { a: 'b' } } }),
      principal: 'alice',
      timezone: 'UTC',
      overlap: 'allow',
      missed: 'run_once',
      enabled: true,
      created_at: START,
      next_at: START + 30_000,
      ticks: 0,
      skipped: 0,
    })
    await clock.advance(2 * MINUTE)
    expect(kept.made).toEqual([
      {
        principal: 'alice',
        key: 'schedule:nightly:2026-01-31T12:01:00.000Z',
        request: { ...work, labels: { a: 'b', schedule: 'nightly' } },
        state: 'queued',
      },
      expect.objectContaining({ key: 'schedule:nightly:2026-01-31T12:02:00.000Z' }),
    ])
    const last_task_id = 'alice schedule:nightly:2026-01-31T12:02:00.000Z'
    expect(schedules.list()).toMatchObject([
      {
        ticks: 2,
        last: { at: START + 90_000, task_id: last_task_id },
        last_task_id,
        next_at: START + 150_000,
      },
    ])
  })

  it('sleeps while nothing is scheduled, and never longer than a minute otherwise', async () => {
    const { clock, schedules } = await open()
    const after = vi.spyOn(clock, 'after')
    await clock.advance(HOUR)
    expect(after).not.toHaveBeenCalled()
    await schedules.set('alice', spec({ cron: '0 0 1 1 *' }))
    await clock.advance(5 * MINUTE)
    expect(after.mock.calls.map(([ms]) => ms)).toEqual([MINUTE, MINUTE, MINUTE, MINUTE, MINUTE, MINUTE])
    await schedules.set('alice', spec({ enabled: false }))
    after.mockClear()
    await clock.advance(HOUR)
    expect(after).not.toHaveBeenCalled()
  })

  it('goes on after a restart where it was', async () => {
    const { kept, clock, run, restart } = await open()
    await run.schedules.set('alice', spec())
    await clock.advance(MINUTE)
    const before = run.schedules.list()
    run.kill()
    const { schedules } = await restart()
    expect(schedules.list()).toEqual(before)
    await clock.advance(MINUTE)
    expect(ticksOf(kept)).toEqual([iso(START + 30_000), iso(START + 90_000)])
  })

  it('makes no second task for a tick that was submitted and not recorded', async () => {
    const { kept, clock, run, restart } = await open()
    await run.schedules.set('alice', spec())
    run.onStep = () => {
      if (kept.made.length === 1) run.kill()
    }
    await clock.advance(MINUTE)
    expect(kept.made).toHaveLength(1)
    expect(run.schedules.list()[0]).not.toHaveProperty('last')
    const { schedules } = await restart()
    await clock.advance(1)
    expect(kept.made).toHaveLength(1)
    expect(schedules.list()).toMatchObject([{ ticks: 1, last: { at: START + 30_000 } }])
  })

  it('makes up the latest of the ticks that were missed, and only that', async () => {
    const { kept, clock, run, restart } = await open()
    await run.schedules.set('alice', spec({ cron: '@hourly' }))
    run.kill()
    await clock.advance(5 * HOUR + 10 * MINUTE)
    const { schedules } = await restart()
    await clock.advance(HOUR)
    expect(ticksOf(kept)).toEqual(['2026-01-31T17:00:00.000Z', '2026-01-31T18:00:00.000Z'])
    expect(schedules.list()).toMatchObject([{ ticks: 2, skipped: 0 }])
  })

  it('takes a tick that is late by less than a minute for one that came', async () => {
    const { kept, clock, run, restart } = await open()
    await run.schedules.set('alice', spec({ cron: '@hourly', missed: 'skip' }))
    run.kill()
    await clock.advance(HOUR)
    await restart()
    await clock.advance(1)
    expect(ticksOf(kept)).toEqual(['2026-01-31T13:00:00.000Z'])
  })

  it('leaves out missed ticks when it is to skip them, the latest recorded as skipped', async () => {
    const { kept, clock, run, restart } = await open()
    await run.schedules.set('alice', spec({ missed: 'skip', cron: '@hourly' }))
    run.kill()
    await clock.advance(5 * HOUR + 10 * MINUTE)
    const { schedules } = await restart()
    await clock.advance(1)
    expect(kept.made).toEqual([])
    const at = Date.parse('2026-01-31T17:00:00Z')
    expect(schedules.list()).toMatchObject([
      { ticks: 0, skipped: 1, last: { at, skipped: 'missed' }, next_at: at + HOUR },
    ])
  })

  it('makes none while the last task has not ended, if told so', async () => {
    const { kept, clock, schedules } = await open()
    await schedules.set('alice', spec({ overlap: 'skip' }))
    await clock.advance(3 * MINUTE)
    expect(ticksOf(kept)).toEqual([iso(START + 30_000)])
    const last_task_id = [...kept.tasks.keys()][0]
    expect(schedules.list()).toMatchObject([
      { ticks: 1, skipped: 2, last: { at: START + 150_000, skipped: 'overlap' }, last_task_id },
    ])
    kept.made[0]!.state = 'succeeded'
    await clock.advance(MINUTE)
    kept.tasks.clear()
    await clock.advance(MINUTE)
    expect(ticksOf(kept)).toHaveLength(3)
  })

  it('submits a workflow instead of a task, labelled, and waits for its end if told so', async () => {
    const { kept, clock, run, restart } = await open()
    const { task: _none, ...rest } = spec({ overlap: 'skip' })
    const workflow = { name: 'digest', input: { day: 'today' } }
    expect(await run.schedules.set('alice', { ...rest, workflow })).toMatchObject({ workflow, ticks: 0 })
    await clock.advance(MINUTE)
    run.kill()
    const { schedules } = await restart()
    await clock.advance(MINUTE)
    const id = `workflow of alice schedule:nightly:${iso(START + 30_000)}`
    const request = { workflow, labels: { schedule: 'nightly' } }
    expect([...kept.workflows]).toEqual([[id, { request, runs: true }]])
    expect(schedules.list()).toMatchObject([
      { workflow, ticks: 1, skipped: 1, last: { skipped: 'overlap' }, last_workflow_id: id },
    ])
    kept.workflows.get(id)!.runs = false
    await clock.advance(MINUTE)
    expect(schedules.list()).toMatchObject([
      { ticks: 2, last: { workflow_id: `workflow of alice schedule:nightly:${iso(START + 150_000)}` } },
    ])
    expect(kept.made).toEqual([])
  })

  it('keeps ticks while the queue takes none, and makes up the latest when it does', async () => {
    const { kept, clock, run, schedules } = await open()
    await schedules.set('alice', spec())
    run.failing = new ToolmeshError('unavailable', 'disk full')
    await clock.advance(3 * MINUTE)
    expect(schedules.list()).toMatchObject([{ ticks: 0, next_at: START + 30_000 }])
    run.failing = undefined
    schedules.resume()
    await clock.advance(1)
    expect(ticksOf(kept)).toEqual([iso(START + 150_000)])
  })

  it('tries again by itself what the queue could not take', async () => {
    const { kept, clock, run, schedules } = await open()
    await schedules.set('alice', spec())
    run.receipt = () => ({ error: { code: 'unavailable', message: 'no', retryable: true } })
    await clock.advance(MINUTE)
    run.receipt = undefined
    await clock.advance(10_000)
    expect(ticksOf(kept)).toEqual([iso(START + 30_000)])
  })

  it('tells of a tick that the queue refused, and goes on', async () => {
    const { kept, clock, run, schedules } = await open()
    await schedules.set('alice', spec())
    const error = new InvalidInputError('/tool', 'work', 'the name of a tool').toFacts()
    run.receipt = () => ({ error })
    await clock.advance(MINUTE)
    expect(schedules.list()).toMatchObject([{ ticks: 0, skipped: 0, last: { at: START + 30_000, error } }])
    run.receipt = undefined
    await clock.advance(MINUTE)
    expect(kept.made).toHaveLength(1)
    expect(schedules.list()[0]?.last).not.toHaveProperty('error')
  })

  it('repeats no tick when the clock is put back, and sees within a minute that it was put forward', async () => {
    const { kept, clock, schedules } = await open()
    await schedules.set('alice', spec({ cron: '@hourly' }))
    await clock.advance(HOUR)
    clock.offset -= HOUR
    await clock.advance(59 * MINUTE)
    expect(ticksOf(kept)).toEqual(['2026-01-31T13:00:00.000Z'])
    clock.offset += 5 * HOUR
    await clock.advance(MINUTE)
    expect(ticksOf(kept)).toEqual(['2026-01-31T13:00:00.000Z', '2026-01-31T18:00:00.000Z'])
  })

  it('starts over from now when it is set again after the clock was wrong', async () => {
    const { kept, clock, schedules } = await open()
    clock.offset = 1_000 * 24 * HOUR
    await schedules.set('alice', spec())
    await clock.advance(MINUTE)
    clock.offset = 0
    await clock.advance(HOUR)
    expect(kept.made).toHaveLength(1)
    await schedules.set('alice', spec())
    await clock.advance(MINUTE)
    expect(kept.made).toHaveLength(2)
  })

  it('puts a schedule in the place of the one of that name, and counts no ticks from before', async () => {
    const { kept, clock, schedules } = await open()
    await schedules.set('alice', spec({ enabled: false }))
    await clock.advance(HOUR)
    const again = await schedules.set('alice', spec({ cron: '*/10 * * * *' }))
    expect(again).toMatchObject({ created_at: START, next_at: Date.parse('2026-01-31T13:10:00Z') })
    await clock.advance(1)
    expect(kept.made).toEqual([])
    expect(schedules.list()).toHaveLength(1)
  })

  it('keeps what was set and removed over a restart, whatever is left of their progress', async () => {
    const { kept, clock, run, restart } = await open()
    await run.schedules.set('alice', spec({ name: 'a' }))
    await run.schedules.set('alice', spec({ name: 'b' }))
    await run.schedules.set('bob', spec({ name: 'a' }))
    await clock.advance(MINUTE)
    await run.schedules.remove('alice', 'a')
    await run.schedules.set('bob', spec({ name: 'a', cron: '@daily' }))
    run.kill()
    await clock.advance(HOUR)
    const { schedules } = await restart()
    const found = schedules
      .list()
      .map(({ principal, name, cron, next_at }) => ({ principal, name, cron, next_at }))
    expect(found).toEqual([
      { principal: 'alice', name: 'b', cron: '* * * * *', next_at: START + 90_000 },
      { principal: 'bob', name: 'a', cron: '@daily', next_at: Date.parse('2026-02-01T00:00:00Z') },
    ])
    expect(kept.made).toHaveLength(3)
    await expect(schedules.remove('alice', 'a')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('refuses more than is allowed', async () => {
    const { schedules } = await open({ limits: { schedules: 3, perPrincipal: 2 } })
    for (const name of ['a', 'b']) await schedules.set('alice', spec({ name }))
    await expect(schedules.set('alice', spec({ name: 'c' }))).rejects.toMatchObject({ code: 'conflict' })
    await schedules.set('alice', spec({ name: 'b', cron: '@daily' }))
    await schedules.set('bob', spec())
    await expect(schedules.set('carol', spec())).rejects.toMatchObject({ code: 'conflict' })
    await schedules.remove('alice', 'a')
    await schedules.set('carol', spec())
  })

  it.each<[string, Partial<ScheduleSpec>]>([
    ['/name', { name: '' }],
    ['/name', { name: 'x'.repeat(129) }],
    ['/cron', { cron: '0 0 30 2 *' }],
    ['/timezone', { timezone: 'Mars/Olympus' }],
    ['/task/tool', { task: { tool: 'nothing', params: {} } }],
    ['/task/idempotency_key', { task: { ...work, idempotency_key: 'k' } }],
    ['/task/deadline', { task: { ...work, deadline: '2030-01-01T00:00:00Z' } }],
    ['/task/labels/schedule', { task: { ...work, labels: { schedule: 'x' } } }],
    ['/task', { task: { ...work, params: { text: 'x'.repeat(70_000) } } }],
    ['/workflow', { workflow: { name: 'digest' } }],
  ])('refuses a wrong %s', async (field, wrong) => {
    const { schedules, kept } = await open()
    await expect(schedules.set('alice', spec(wrong))).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field },
    })
    expect(kept.records.size).toBe(0)
  })

  it('refuses a wrong workflow, and a schedule of nothing', async () => {
    const { schedules, kept } = await open()
    const { task: _none, ...rest } = spec()
    const refused = (field: string) => ({ code: 'invalid_input', details: { field } })
    await expect(schedules.set('alice', rest)).rejects.toMatchObject(refused('/task'))
    for (const [field, workflow] of [
      ['/workflow/name', { name: 'gone' }],
      ['/workflow', { name: 'digest', input: 'x'.repeat(70_000) }],
    ] as const) {
      await expect(schedules.set('alice', { ...rest, workflow })).rejects.toMatchObject(refused(field))
    }
    expect(kept.records.size).toBe(0)
  })

  it('keeps nothing of what could not be made durable', async () => {
    const { run, schedules } = await open()
    run.failing = new ToolmeshError('unavailable', 'disk full')
    await expect(schedules.set('alice', spec())).rejects.toMatchObject({ code: 'unavailable' })
    expect(schedules.list()).toEqual([])
    run.failing = undefined
    await schedules.set('alice', spec())
    run.failing = new ToolmeshError('unavailable', 'disk full')
    await expect(schedules.remove('alice', 'nightly')).rejects.toMatchObject({ code: 'unavailable' })
    expect(schedules.list()).toHaveLength(1)
  })

  it('starts with the schedules that it can read', async () => {
    const logger = vi.fn()
    const { kept, run, restart } = await open()
    await run.schedules.set('alice', spec())
    kept.records.set('schedule:["x","y"]', { schedule: 1 })
    kept.records.set('schedules', 'damaged')
    kept.records.set('pauses', [])
    const { schedules } = await restart({ logger })
    expect(schedules.list()).toHaveLength(1)
    expect(logger).toHaveBeenCalledTimes(2)
  })

  it('writes that many ticks begin, and what became of them, each in one go', async () => {
    const putRecord = vi.fn(async () => {})
    const { kept, clock, schedules } = await open({ store: { records: async () => [], putRecord } })
    for (let n = 0; n < 50; n++) await schedules.set('alice', spec({ name: `s${n}` }))
    putRecord.mockClear()
    await clock.advance(MINUTE)
    expect(kept.made).toHaveLength(50)
    expect(putRecord).toHaveBeenCalledTimes(2)
  })
})

describe('schedules over a queue', () => {
  const over = ({ queue, clock, store }: TestQueue, putRecord = store.putRecord.bind(store)) =>
    new Schedules({
      tasks: taskSubmitter(queue, async id => (await store.head(id))?.state),
      workflows: {
        submit: () => Promise.reject(new Error('no workflow is scheduled here')),
        check: () => {},
        runs: async () => false,
      },
      store: { records: () => store.records(), putRecord },
      clock,
      logger: silentLogger,
    })

  it('find the task of a tick again, whatever the schedule asks for now', async () => {
    const opened = await openTestQueue()
    const { queue, clock, store } = opened
    const names: string[] = []
    const first = over(opened, async (key, value) => {
      names.push(key)
      // It crashes before it has written what became of its tick.
      if (names.filter(name => name === 'schedules').length < 2) await store.putRecord(key, value)
    })
    await first.start()
    await first.set('alice', spec())
    await clock.advance(MINUTE)
    await first.close()
    expect((await queue.list({})).tasks).toHaveLength(1)

    const again = over(opened)
    await again.start()
    await again.set('alice', spec({ task: { tool: 'other', params: { n: 1 } } }))
    await clock.advance(1)
    const { tasks } = await queue.list({})
    expect(tasks).toMatchObject([{ tool: 'work', principal: 'alice', labels: { schedule: 'nightly' } }])
    expect(again.list()).toMatchObject([{ ticks: 1, last: { task_id: tasks[0]?.task_id } }])
    await clock.advance(MINUTE)
    expect((await queue.list({})).tasks.map(task => task.tool)).toEqual(['other', 'work'])
    await again.close()
    await queue.close()
  })

  it('refuse at once what a tick would be refused for, and leave their keys to nobody else', async () => {
    const opened = await openTestQueue()
    const schedules = over(opened)
    await schedules.start()
    const task = { tool: 'work', params: { n: 'one' } }
    await expect(schedules.set('alice', spec({ task }))).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/task/params/n' },
    })
    const idempotency_key = 'schedule:nightly:2026-01-31T12:01:00.000Z'
    const [receipt] = await opened.queue.submit('alice', [{ ...work, idempotency_key }])
    expect(receipt).toMatchObject({ error: { code: 'invalid_input', field: '/idempotency_key' } })
    await schedules.close()
    await opened.queue.close()
  })
})

describe('schedules of a process that crashes anywhere', () => {
  it('make one task for each tick that was not missed, and never two', { timeout: 120_000 }, async () => {
    const crash = fc.record({
      step: fc.integer({ min: 0, max: 14 }),
      up: fc.constantFrom(20_000, 90_000, 200_000),
      down: fc.constantFrom(0, 1_000, 25_000, 100_000),
      end: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(crash, { maxLength: 8 }), async crashes => {
        const { kept, clock, run, restart } = await open()
        await run.schedules.set('alice', spec())
        await run.schedules.set('bob', spec({ cron: '*/2 * * * *', missed: 'skip' }))
        await run.schedules.set('carol', spec({ overlap: 'skip' }))
        let current = run
        for (const { step, up, down, end } of crashes) {
          let left = step
          const victim = current
          victim.onStep = () => {
            left -= 1
            if (left < 0) victim.kill()
          }
          await clock.advance(up)
          victim.kill()
          if (end) for (const task of kept.made) task.state = 'succeeded'
          await clock.advance(down)
          current = await restart()
        }
        await clock.advance(4 * MINUTE)
        const of = (principal: string) => kept.made.filter(task => task.principal === principal)
        const ids = kept.made.map(task => `${task.principal} ${task.key}`)
        expect(new Set(ids).size).toBe(ids.length)
        const minutes = of('alice').map(
          task => Date.parse(task.key.slice('schedule:nightly:'.length)) / MINUTE,
        )
        const now = Math.floor(clock.now() / MINUTE)
        expect(minutes.slice(-4)).toEqual([now - 3, now - 2, now - 1, now])
        expect(minutes).toEqual(minutes.toSorted((a, b) => a - b))
        expect(of('carol').filter(task => task.state === 'queued').length).toBeLessThanOrEqual(1)
        for (const schedule of current.schedules.list()) {
          expect(schedule.ticks).toBe(of(schedule.principal).length)
        }
        await current.schedules.close()
      }),
      { numRuns: 75 },
    )
  })
})
