import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AT, headOf, lease, settle, submit } from '../../../shared/queue/states/commands.fixture.ts'
import type { Command } from '../../../shared/queue/states/commands.ts'
import { laneKey } from '../../../shared/queue/states/lane.ts'
import { makeFirstSchemaFile } from './first-schema.fixture.ts'
import { QueueDatabase } from './queue-database.ts'
import { openQueueFile } from './queue-file.ts'

let folder: string
let path: string
let file: DatabaseSync
let database: QueueDatabase

const open = () => {
  file = openQueueFile({ path, synchronous: 'normal' })
  database = new QueueDatabase(file)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'toolmesh-database-'))
  path = join(folder, 'tasks.db')
})
afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

const unavailable = (what: RegExp) =>
  expect.objectContaining({ code: 'unavailable', message: expect.stringMatching(what) })
const large = (id: string): Command => ({
  ...submit(headOf(id)),
  params: JSON.stringify(id.repeat(100_000)),
})

describe('a task database that cannot be written', () => {
  beforeEach(open)

  it('keeps nothing of a batch for which there is no room, and goes on when there is', () => {
    database.apply([submit(headOf('t1', { labels: { a: 'b' } })), submit(headOf('t2')), lease('t2')])
    const shown = () => [database.counts(), database.lanes(), database.events(0, 9), database.head('t1')]
    const before = shown()
    file.exec('PRAGMA max_page_count = 60')
    const batch = [lease('t1'), submit(headOf('t3', { tool: 'other' })), ...['a', 'b', 'c'].map(large)]
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(() => database.apply(batch)).toThrow(unavailable(/full/))
      expect(shown()).toEqual(before)
    }
    file.exec('PRAGMA max_page_count = 100000')
    const replies = database.apply(batch)
    expect(replies.map(reply => reply.changed && [reply.seq, reply.order])).toEqual([
      [4, 1],
      [5, 3],
      [6, 4],
      [7, 5],
      [8, 6],
    ])
    expect(database.waiting(laneKey(headOf('t', { tool: 'other' })), 0, 5)).toMatchObject([{ task_id: 't3' }])
    database.close()
    open()
    expect(database.counts()).toMatchObject({ queued: 4, running: 2 })
    expect(database.events(0, 9).events.map(event => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('says so when it is asked, and answers reads', () => {
    database.apply([submit(headOf('t1'))])
    file.exec('PRAGMA query_only = ON')
    for (const write of [
      () => database.check(),
      () => database.apply([lease('t1')]),
      () => database.putRecord('a', 1),
      () => database.prune(AT + 9, 5),
    ]) {
      expect(write).toThrow(unavailable(/readonly/))
    }
    expect(database.head('t1')).toMatchObject({ state: 'queued' })
    expect(database.events(0, 5).events).toHaveLength(1)
    file.exec('PRAGMA query_only = OFF')
    database.check()
    expect(database.apply([lease('t1')])).toMatchObject([{ changed: true, seq: 2, fence: 1 }])
  })
})

describe('a task database whose transactions cannot be kept', () => {
  it('lists and pages what it has acknowledged all the same', () => {
    open()
    database.apply([submit(headOf('t1', { labels: { a: 'b' } })), submit(headOf('t2')), lease('t2')])
    const exec = file.exec.bind(file)
    vi.spyOn(file, 'exec').mockImplementation(sql => {
      if (sql === 'COMMIT') throw new Error('no room')
      exec(sql)
    })
    for (let time = 0; time < 2; time++) {
      expect(database.list({ limit: 5, order: 'oldest' }).tasks.map(task => task.state)).toEqual([
        'queued',
        'running',
      ])
      expect(database.waiting(laneKey(headOf('t')), 0, 5)).toMatchObject([{ task_id: 't1' }])
      expect(database.running(0).tasks).toMatchObject([{ task_id: 't2', fence: 1 }])
      expect(() => database.apply([lease('t1')])).toThrow(unavailable(/no room/))
    }
    vi.restoreAllMocks()
    expect(database.apply([lease('t1')])).toMatchObject([{ changed: true, seq: 4 }])
    expect(database.events(0, 9).events.map(event => event.seq)).toEqual([1, 2, 3, 4])
  })
})

describe('calls of a task database that wait together', () => {
  /** What each gave or threw, in the order in which it was told. */
  const together = (...calls: (() => unknown)[]): unknown[] => {
    const told: unknown[] = []
    const settled = calls.map(call => () => {
      try {
        return call()
      } catch (error) {
        return error
      }
    })
    database.together(settled, result => told.push(result))
    return told
  }
  const countCommits = () => {
    const exec = vi.spyOn(file, 'exec')
    return () => exec.mock.calls.filter(([sql]) => sql === 'COMMIT').length
  }

  beforeEach(open)
  afterEach(() => vi.restoreAllMocks())

  it('are one commit, and see what those before them changed', () => {
    const commits = countCommits()
    const told = together(
      () => database.head('t1'),
      () => database.apply([submit(headOf('t1', { labels: { a: 'b' } }))]),
      () => database.head('t1')?.state,
      () => database.apply([lease('t1')]),
      () => database.putRecord('a', 1),
      () => database.list({ limit: 5, order: 'oldest' }).tasks.map(({ state }) => state),
      () => database.records(),
    )
    expect(told).toMatchObject([
      undefined,
      [{ changed: true, seq: 1 }],
      'queued',
      [{ changed: true, seq: 2 }],
      undefined,
      ['running'],
      [{ key: 'a', value: 1 }],
    ])
    expect(commits()).toBe(1)
    database.close()
    open()
    expect(database.head('t1')).toMatchObject({ state: 'running', seq: 2 })
  })

  it('are told of before the commit only where nothing was changed before them', () => {
    database.apply([submit(headOf('t1'))])
    const order: string[] = []
    const exec = file.exec.bind(file)
    vi.spyOn(file, 'exec').mockImplementation(sql => {
      order.push(sql)
      exec(sql)
    })
    const calls = ['head', 'apply', 'head again'].map(name => () => {
      if (name === 'apply') database.apply([lease('t1')])
      else database.head('t1')
      return name
    })
    database.together(calls, name => order.push(name))
    expect(order).toEqual(['head', 'BEGIN IMMEDIATE', 'COMMIT', 'apply', 'head again'])
  })

  it('are kept one by one where they cannot be kept together, and only what has no room fails', () => {
    database.apply([submit(headOf('t1'))])
    file.exec('PRAGMA max_page_count = 60')
    const told = together(
      () => database.apply([lease('t1')]),
      () => database.apply(['a', 'b', 'c'].map(large)),
      () => database.head('t1')?.state,
      () => database.apply([submit(headOf('t2'))]),
    )
    file.exec('PRAGMA max_page_count = 100000')
    expect(told).toEqual([
      [expect.objectContaining({ changed: true, seq: 2 })],
      unavailable(/full/),
      'running',
      [expect.objectContaining({ changed: true, seq: 3 })],
    ])
    expect(database.events(0, 9).events.map(({ seq, task_id }) => [seq, task_id])).toEqual([
      [1, 't1'],
      [2, 't1'],
      [3, 't2'],
    ])
  })

  it('fail one by one where no commit succeeds, and nothing of them is kept', () => {
    const exec = file.exec.bind(file)
    vi.spyOn(file, 'exec').mockImplementation(sql => {
      if (sql === 'COMMIT') throw new Error('no room')
      exec(sql)
    })
    const told = together(
      () => database.apply([submit(headOf('t1'))]),
      () => database.apply([submit(headOf('t2'))]),
    )
    vi.restoreAllMocks()
    expect(told).toEqual([unavailable(/no room/), unavailable(/no room/)])
    expect(database.counts()).toMatchObject({ queued: 0 })
    expect(database.apply([submit(headOf('t1'))])).toMatchObject([{ changed: true, seq: 1 }])
  })

  it('are hurt by no read that fails', () => {
    const commits = countCommits()
    const told = together(
      () => database.apply([submit(headOf('t1'))]),
      () => database.list({ limit: 5, order: 'oldest', cursor: 'none' }),
      () => database.apply([lease('t1')]),
    )
    expect(told).toMatchObject([
      [{ changed: true, seq: 1 }],
      { code: 'invalid_input' },
      [{ changed: true, seq: 2 }],
    ])
    expect(commits()).toBe(1)
  })
})

describe('a task database that was damaged while it is open', () => {
  it('says what a person can do, in every call that meets the damage', () => {
    open()
    const ids = Array.from({ length: 2_000 }, (_, index) => `t${index}`)
    database.apply(ids.map(id => submit(headOf(id))))
    database.list({ limit: 1, order: 'oldest' })
    file.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cache_size = 0; PRAGMA shrink_memory')
    const pages = Math.floor(statSync(path).size / 4_096)
    const raw = openSync(path, 'r+')
    for (let page = 2; page < pages; page++) writeSync(raw, Buffer.alloc(4_096, 0xa5), 0, 4_096, page * 4_096)
    closeSync(raw)
    for (const call of [
      () => database.result('t5'),
      () => database.list({ limit: 5, order: 'oldest' }),
      () => database.apply([submit(headOf('new'))]),
      () => database.prune(AT + 5, 5),
    ]) {
      expect(call).toThrow(unavailable(/damaged.*restore a copy or move it away/))
    }
  })
})

describe('a file of schema 1', () => {
  it('holds all its tasks as tasks of this version, with lanes, due times and labels', () => {
    makeFirstSchemaFile(path)
    open()
    expect(database.counts()).toMatchObject({ scheduled: 1, queued: 2, running: 1, succeeded: 1 })
    expect(database.get('queued')).toEqual({
      head: headOf('queued', { seq: 1, queued_at: AT, labels: { a: 'b' }, queue_timeout_ms: 50 }),
      params: '{"n":1}',
      logs: [],
    })
    expect(database.get('done')).toMatchObject({
      head: { state: 'succeeded', ended_at: AT + 3 },
      result: '{"m":2}',
    })
    expect(database.head('held')).toMatchObject({ state: 'queued', run_at: AT + 70 })
    expect(database.lanes()).toEqual([{ lane: laneKey(headOf('t')), waiting: 1 }])
    expect(database.waiting(laneKey(headOf('t')), 0, 5)).toEqual([
      { task_id: 'queued', order: 1, queued_at: AT },
    ])
    expect(database.due(undefined, 9).map(({ task_id, due_at }) => [task_id, due_at - AT])).toEqual([
      ['queued', 50],
      ['held', 70],
      ['scheduled', 90],
    ])
    expect(database.list({ limit: 5, order: 'newest', labels: { a: 'b' } }).tasks).toHaveLength(1)
    expect(
      database.list({ limit: 5, order: 'newest', created_from: AT, created_until: AT + 1 }).tasks,
    ).toHaveLength(5)
    expect(database.running(0).tasks.map(task => task.task_id)).toEqual(['running'])
    expect(database.events(0, 5)).toEqual({ events: [], oldest: 9, last: 8 })

    const more = database.apply([
      submit(headOf('again', { idempotency_key: 'k', request_cid: 'c' })),
      submit(headOf('new')),
      lease('queued'),
      settle('running', 1),
    ])
    expect(more).toMatchObject([
      { changed: false, refusal: 'duplicate', task_id: 'done' },
      { changed: true, order: 6, seq: 9 },
      { changed: true, granted: { params: '{"n":1}' } },
      { changed: true, state: 'succeeded' },
    ])
    database.close()
    open()
    expect(database.counts()).toMatchObject({ queued: 2, running: 1, succeeded: 2 })
  })
})

describe('a file of schema 2', () => {
  it('is one of this version with nothing in its redo log', () => {
    open()
    database.apply([submit(headOf('t1')), submit(headOf('t2')), lease('t1')])
    database.close()
    // It differs in the redo log alone.
    const raw = openQueueFile({ path, synchronous: 'normal' })
    raw.exec('DROP TABLE redo; PRAGMA user_version = 2')
    raw.close()
    open()
    expect(database.counts()).toMatchObject({ queued: 1, running: 1 })
    expect(database.apply([settle('t1', 1), submit(headOf('t3'))])).toMatchObject([
      { state: 'succeeded', seq: 4 },
      { order: 3 },
    ])
  })
})

describe('the redo log', () => {
  /** What a killed process leaves behind. */
  const reopenAsKilled = () => {
    const copy = join(folder, 'copy.db')
    for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`)
    database.close()
    path = copy
    open()
  }

  it('keeps to what was decided: what was refused then is refused still, what ended stays', () => {
    open()
    database.apply([submit(headOf('t1', { idempotency_key: 'k', request_cid: 'c' })), lease('t1')])
    database.apply([lease('t1'), settle('t1', 1), submit(headOf('t2')), settle('t1', 1)])
    database.apply([submit(headOf('t3', { idempotency_key: 'k', request_cid: 'c' }))])
    const shown = () => [database.get('t1'), database.head('t2'), database.counts(), database.events(0, 9)]
    const before = shown()
    reopenAsKilled()
    expect(shown()).toEqual(before)
    expect(database.apply([submit(headOf('t4', { idempotency_key: 'k', request_cid: 'd' }))])).toMatchObject([
      { refusal: 'conflict', task_id: 't1', state: 'succeeded' },
    ])
    expect(database.list({ limit: 5, order: 'oldest' }).tasks.map(task => task.task_id)).toEqual(['t1', 't2'])
  })

  it('brings nothing back that was forgotten', () => {
    open()
    database.apply([submit(headOf('t1')), submit(headOf('t2')), lease('t1'), settle('t1', 1)])
    expect(database.prune(AT + 9, 5).tasks).toBe(1)
    reopenAsKilled()
    expect(database.head('t1')).toBeUndefined()
    expect(database.counts()).toMatchObject({ queued: 1, succeeded: 0 })
  })

  it('is emptied as tasks go into the tables, the oldest first, and never grows without end', () => {
    file = openQueueFile({ path, synchronous: 'normal' })
    database = new QueueDatabase(file, { unwritten: 4, perCheckpoint: 3 })
    const entries = () => file.prepare('SELECT id FROM redo').all().length
    const rows = () => file.prepare('SELECT task_id FROM tasks ORDER BY n').all().length
    for (let n = 1; n <= 4; n++) database.apply([submit(headOf(`t${n}`))])
    expect([entries(), rows()]).toEqual([4, 0])
    database.apply([submit(headOf('t5'))])
    expect([entries(), rows()]).toEqual([2, 3])
    for (let n = 6; n <= 40; n++) database.apply([submit(headOf(`t${n}`))])
    expect([entries(), rows()]).toEqual([4, 36])
    database.apply(Array.from({ length: 20 }, (_, n) => submit(headOf(`u${n}`))))
    expect([entries(), rows()]).toEqual([1, 56])
    reopenAsKilled()
    expect(database.lanes()).toMatchObject([{ waiting: 60 }])
    expect(database.waiting(laneKey(headOf('t')), 0, 99).map(task => task.order)).toEqual(
      Array.from({ length: 60 }, (_, index) => index + 1),
    )
  })

  it('that does not fit its tables is said to be damaged', () => {
    open()
    database.apply([submit(headOf('t1'))])
    database.apply([lease('t1')])
    file.exec(`DELETE FROM redo WHERE id = 1`)
    expect(() => new QueueDatabase(file)).toThrow(unavailable(/t1 in its log cannot be repeated/))
  })
})
