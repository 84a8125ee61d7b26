import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { AlarmClock } from '../alarm-clock.ts'
import type { DueTask } from '../store/store.ts'
import { DueTasks } from './due-tasks.ts'

const START = 1_750_000_000_000

/** A store's index of due times, and what was made of it. */
function underTest({ tasks = 0, window = 64, holdFollow = false } = {}) {
  const clock = new ManualClock(START)
  const stored = new Map<string, DueTask>()
  for (let order = 1; order <= tasks; order++) {
    stored.set(`t${order}`, { task_id: `t${order}`, due_at: START + order * 10, order })
  }
  const rung: string[] = []
  const reads: number[] = []
  let follow: (() => void)[] = []
  const due = new DueTasks({
    clock,
    alarms: new AlarmClock(clock),
    logger: silentLogger,
    window,
    page: async (after, limit) => {
      reads.push(limit)
      return [...stored.values()]
        .filter(
          each =>
            after === undefined ||
            each.due_at > after.due_at ||
            (each.due_at === after.due_at && each.order > after.order),
        )
        .sort((a, b) => a.due_at - b.due_at || a.order - b.order)
        .slice(0, limit)
    },
    onDue: async taskId => {
      rung.push(taskId)
      if (holdFollow) await new Promise<void>(resolve => follow.push(resolve))
      stored.delete(taskId)
      due.set(taskId, 0, undefined)
    },
  })
  const set = (taskId: string, order: number, dueAt: number | undefined) => {
    if (dueAt === undefined) stored.delete(taskId)
    else stored.set(taskId, { task_id: taskId, order, due_at: dueAt })
    due.set(taskId, order, dueAt)
  }
  const release = () => {
    for (const resolve of follow.splice(0)) resolve()
    follow = []
  }
  return { due, clock, rung, reads, set, release }
}

describe('due tasks', () => {
  it('all come in the order of their times, however many more there are than the window holds', async () => {
    const { due, clock, rung, reads } = underTest({ tasks: 2_000, window: 512 })
    await due.start()
    expect(reads).toEqual([256])
    for (let second = 0; second < 21; second++) await clock.advance(1_000)
    expect(rung).toEqual(Array.from({ length: 2_000 }, (_, index) => `t${index + 1}`))
    expect(Math.max(...reads)).toBe(256)
  })

  it('come by what was changed last: sooner, later, or not at all', async () => {
    const { due, clock, rung, set } = underTest({ tasks: 200 })
    await due.start()
    set('t1', 1, undefined)
    set('t2', 2, START + 100_000)
    set('t150', 150, START + 15)
    set('new', 201, START + 16)
    set('far', 202, START + 1_000_000)
    await clock.advance(40)
    expect(rung).toEqual(['t150', 'new', 't3', 't4'])
    for (let turn = 0; turn < 30; turn++) await clock.advance(100)
    expect(rung).toHaveLength(199)
    await clock.advance(100_000)
    expect(rung.slice(199)).toEqual(['t2'])
    for (let turn = 0; turn < 20; turn++) await clock.advance(60_000)
    expect(rung.at(-1)).toBe('far')
    expect(new Set(rung).size).toBe(rung.length)
  })

  it('behind the horizon are read only when those before have been followed', async () => {
    const { due, clock, rung, reads, release } = underTest({ tasks: 1_000, holdFollow: true })
    await due.start()
    await clock.advance(20_000)
    expect(rung).toHaveLength(32)
    expect(reads).toHaveLength(1)
    release()
    await clock.advance(1_000)
    await clock.advance(1_000)
    expect(reads).toHaveLength(2)
    expect(rung).toHaveLength(64)
  })

  it('that change while a page is read are not lost and not taken as they were', async () => {
    const { due, clock, rung, set } = underTest({ tasks: 40 })
    const started = due.start()
    set('t5', 5, START + 100_000)
    set('t39', 39, START + 5)
    set('late', 41, START + 60_000)
    await started
    await clock.advance(50)
    expect(rung).toEqual(['t39', 't1', 't2', 't3', 't4'])
    for (let turn = 0; turn < 200; turn++) await clock.advance(1_000)
    expect(rung.slice(-2)).toEqual(['late', 't5'])
    expect(rung).toHaveLength(41)
  })

  it('fill no more than the window when many are made', async () => {
    const { due, clock, rung, set, reads } = underTest()
    await due.start()
    for (let n = 1; n <= 1_000; n++) set(`n${n}`, n, START + 10_000 - n)
    for (let turn = 0; turn < 20; turn++) await clock.advance(1_000)
    expect(rung).toEqual(Array.from({ length: 1_000 }, (_, index) => `n${1_000 - index}`))
    expect(reads.length).toBeGreaterThan(20)
  })
})
