import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { AlarmClock } from '../alarm-clock.ts'
import type { WaitingTask } from '../store/store.ts'
import type { ConcurrencyKey, RateKey } from '../task.ts'
import { WaitingTasks } from './waiting-tasks.ts'
import type { WorkerOffer } from './what-is-missing.ts'

interface Wants {
  priority: number
  tool: string
  code_cid: string | null
  target: string
  requires: string[]
  principal: string
  concurrency: ConcurrencyKey
  rate: RateKey
}

function lane(wants: Partial<Wants> = {}): string {
  const { priority = 5, tool = 'a', code_cid = 'a1', target, requires = [], principal = 'alice' } = wants
  const { concurrency, rate } = wants
  return JSON.stringify([
    priority,
    tool,
    code_cid,
    target ?? null,
    requires,
    principal,
    concurrency === undefined ? null : [concurrency.key, concurrency.limit],
    rate === undefined ? null : [rate.key, rate.limit, rate.per_ms],
  ])
}

function worker(
  peer_id = 'p',
  labels: string[] = [],
  tools: Record<string, string> = { a: 'a1' },
): WorkerOffer {
  return { peer_id, tools: new Map(Object.entries(tools)), labels: new Set(labels) }
}

type Page = (lane: string, after: number, limit: number) => Promise<WaitingTask[]>

function open({ page = async () => [] }: { page?: Page } = {}) {
  const clock = new ManualClock()
  const ready = new Set<ReadonlySet<WorkerOffer>>()
  const tasks = new WaitingTasks<WorkerOffer>({
    page,
    clock,
    alarms: new AlarmClock(clock),
    categoryOf: tool => `kind of ${tool}`,
    onReady: workers => ready.add(workers),
    logger: silentLogger,
  })
  let order = 0
  return {
    tasks,
    clock,
    ready,
    /** Tasks come, each to its lane; the nth is called `t<n>`. */
    come(...lanes: string[]) {
      for (const each of lanes) {
        order += 1
        tasks.arrive(each, { task_id: `t${order}`, order, queued_at: clock.now() })
      }
    },
    /** What the worker is given until it is given nothing. */
    all(by: WorkerOffer) {
      const ids: string[] = []
      for (let taken = tasks.take(by); taken !== undefined; taken = tasks.take(by)) ids.push(taken.task_id)
      return ids
    },
  }
}

describe('waiting tasks', () => {
  it('go by priority, then first come, over all lanes that the worker can run', () => {
    const { tasks, come, all } = open()
    come(
      lane({ tool: 'b', code_cid: 'b1' }),
      lane({ priority: 2 }),
      lane(),
      lane({ requires: ['gpu'] }),
      lane(),
    )
    const plain = worker('p', [], { a: 'a1', b: 'b1' })
    tasks.setWorker(plain)
    expect(all(plain)).toEqual(['t1', 't3', 't5', 't2'])
    expect(tasks.size).toBe(1)
  })

  it('puts a retry before newer tasks of its lane, and forgets what has left', () => {
    const { tasks, come, all, clock } = open()
    const one = worker()
    tasks.setWorker(one)
    come(lane(), lane(), lane())
    expect(tasks.take(one)).toMatchObject({ task_id: 't1', order: 1 })
    tasks.ended(lane())
    tasks.arrive(lane(), { task_id: 't1', order: 1, queued_at: clock.now() })
    tasks.leave(lane(), 2)
    tasks.leave(lane(), 99)
    expect(tasks.size).toBe(2)
    expect(all(one)).toEqual(['t1', 't3'])
    expect(tasks.size).toBe(0)
  })

  it('lifts what has waited long above newer tasks of higher priority, one for each minute', async () => {
    const { tasks, come, all, clock } = open()
    const one = worker()
    tasks.setWorker(one)
    come(lane({ priority: 1 }))
    await clock.advance(3 * 60_000)
    come(lane({ priority: 3 }), lane({ priority: 5 }))
    expect(all(one)).toEqual(['t3', 't1', 't2'])
  })

  it('lets submitters take turns, however many tasks one of them has', () => {
    const { tasks, come, all } = open()
    const one = worker()
    tasks.setWorker(one)
    const many = Array.from({ length: 300 }, () => lane({ principal: 'many' }))
    come(...many, lane({ principal: 'few' }), lane({ principal: 'few', requires: ['x'] }))
    tasks.setWorker(worker('x', ['x']))
    expect(all(one).slice(0, 4)).toEqual(['t1', 't301', 't2', 't3'])
  })

  it('counts a turn wherever it was had, so that many lanes or classes gain nothing', () => {
    const { tasks, come } = open()
    const one = worker('p', ['x'])
    tasks.setWorker(one)
    for (let n = 0; n < 20; n++) come(lane({ principal: 'wide', requires: n % 2 === 0 ? [] : ['x'] }))
    for (let n = 0; n < 5; n++) come(lane({ principal: 'narrow' }))
    const taken = Array.from({ length: 10 }, () => tasks.take(one)?.lane.includes('narrow'))
    expect(taken.filter(isNarrow => isNarrow)).toHaveLength(5)
  })

  it('tells all that can run a task that it is there, and nobody else', () => {
    const { tasks, come, ready } = open()
    const [plain, gpu] = [worker('p'), worker('g', ['gpu'])]
    tasks.setWorker(plain)
    tasks.setWorker(gpu)
    come(lane({ requires: ['gpu'] }))
    expect([...ready].flatMap(set => [...set])).toEqual([gpu])
    expect([tasks.readyFor(plain), tasks.readyFor(gpu)]).toEqual([0, 1])
    expect(tasks.take(plain)).toBeUndefined()
    tasks.removeWorker(gpu)
    tasks.setWorker(worker('p2', ['gpu']))
    expect(tasks.take(gpu)).toBeUndefined()
  })

  it('says what tasks wait for: who is not there, what is paused, which key is used up', () => {
    const { tasks, come } = open()
    const one = worker('p', ['kind:node'], { a: 'a1', s: 's1' })
    tasks.setWorker(one)
    const key = { concurrency: { key: 'db', limit: 1 } }
    const lanes = {
      label: lane({ requires: ['gpu', 'kind:node'] }),
      tool: lane({ tool: 'b' }),
      build: lane({ code_cid: 'a2' }),
      peer: lane({ target: 'q' }),
      pause: lane({ tool: 's', code_cid: 's1' }),
      throttle: lane(key),
    }
    come(...Object.values(lanes), lanes.throttle)
    tasks.setPauses([{ scope: 'tool', name: 's' }])
    tasks.take(one)
    const missing = {
      label: 'a worker labelled gpu',
      tool: 'a worker that offers b',
      build: 'a worker with this build of a',
      peer: 'peer q',
      pause: 'tool s is paused',
      throttle: 'a place under the concurrency key db (limit 1)',
    }
    const found = tasks.waitingFor([one])
    expect(found.map(each => each.missing).sort()).toEqual(Object.values(missing).sort())
    expect(found.every(each => each.tasks === 1)).toBe(true)
    for (const [name, key] of Object.entries(lanes)) {
      expect(tasks.missingFor(key, [one])).toBe(missing[name as keyof typeof missing])
    }
    expect(tasks.missingFor(lane(), [one])).toBeUndefined()
  })

  it('gives nothing out while the queue, the category or the tool is paused', () => {
    const { tasks, come, all, ready } = open()
    const one = worker('p', [], { a: 'a1', b: 'b1' })
    tasks.setWorker(one)
    come(lane(), lane({ tool: 'b', code_cid: 'b1' }))
    tasks.setPauses([{ scope: 'queue' }])
    expect(tasks.take(one)).toBeUndefined()
    expect(tasks.readyFor(one)).toBe(0)
    tasks.setPauses([{ scope: 'category', name: 'kind of a' }])
    expect(all(one)).toEqual(['t2'])
    come(lane({ tool: 'b', code_cid: 'b1' }))
    tasks.setPauses([{ scope: 'tool', name: 'b' }])
    expect(all(one)).toEqual(['t1'])
    ready.clear()
    tasks.setPauses([])
    expect(ready.size).toBe(1)
    expect(all(one)).toEqual(['t3'])
  })

  it('runs as many tasks of a concurrency key as its limit, and the next when one ends or is given up', () => {
    const { tasks, come, ready } = open()
    const one = worker()
    tasks.setWorker(one)
    const key = lane({ concurrency: { key: 'db', limit: 2 } })
    const other = lane({ principal: 'bob', concurrency: { key: 'db', limit: 2 } })
    come(key, key, key, key, other)
    const taken = [1, 2, 3].map(() => tasks.take(one))
    expect(taken.map(each => each?.task_id)).toEqual(['t1', 't5', 't2'])
    expect(tasks.take(one)).toBeUndefined()
    ready.clear()
    tasks.ended(key)
    expect(ready.size).toBe(1)
    expect(tasks.take(one)?.task_id).toBe('t3')
    expect(tasks.take(one)).toBeUndefined()
    tasks.giveUp(taken[0]!)
    expect(tasks.take(one)?.task_id).toBe('t4')
  })

  it('counts tasks that were running at start', () => {
    const { tasks, come } = open()
    const one = worker()
    tasks.setWorker(one)
    const key = lane({ concurrency: { key: 'db', limit: 1 } })
    tasks.restored(key)
    come(key)
    expect(tasks.take(one)).toBeUndefined()
    tasks.ended(key)
    expect(tasks.take(one)?.task_id).toBe('t1')
  })

  it('lets lanes that nobody can run hold up no other of their key', () => {
    const { tasks, come } = open()
    const one = worker()
    tasks.setWorker(one)
    const concurrency = { key: 'db', limit: 1 }
    const stranded = lane({ priority: 10, requires: ['gpu'], concurrency })
    const paused = lane({ priority: 10, tool: 'b', code_cid: 'b1', concurrency })
    const key = lane({ concurrency })
    come(stranded, paused, key, key, stranded)
    tasks.setPauses([{ scope: 'tool', name: 'b' }])
    for (const id of ['t3', 't4']) {
      expect(tasks.take(one)?.task_id).toBe(id)
      tasks.ended(key)
    }
    const gpu = worker('g', ['gpu'])
    tasks.setWorker(gpu)
    expect(tasks.take(gpu)?.task_id).toBe('t1')
    expect(tasks.take(gpu)).toBeUndefined()
  })

  it('starts no more tasks of a rate key in any window than its limit, and wakes by an alarm', async () => {
    const { tasks, come, all, clock, ready } = open()
    const one = worker()
    tasks.setWorker(one)
    const key = lane({ rate: { key: 'api', limit: 2, per_ms: 1_000 } })
    come(key, key, key, key, key)
    expect(tasks.take(one)?.task_id).toBe('t1')
    await clock.advance(400)
    expect(all(one)).toEqual(['t2'])
    expect(tasks.missingFor(key, [one])).toBe('its time under the rate key api (2 in 1000 ms)')
    ready.clear()
    await clock.advance(599)
    expect([ready.size, all(one)]).toEqual([0, []])
    await clock.advance(1)
    expect([ready.size, all(one)]).toEqual([1, ['t3']])
    await clock.advance(399)
    expect(all(one)).toEqual([])
    await clock.advance(1)
    const taken = tasks.take(one)
    expect(taken?.task_id).toBe('t4')
    tasks.giveUp(taken!)
    expect(all(one)).toEqual(['t5'])
  })

  it('takes a rate to be used up by the run before, unless that ended long ago', async () => {
    for (const [ago, free] of [
      [undefined, 1_000],
      [400, 600],
      [5_000, 0],
    ] as const) {
      const { tasks, come, all, clock } = open()
      const one = worker()
      tasks.setWorker(one)
      tasks.recover(
        [],
        ago === undefined ? undefined : { starts: new Map(), unknownUntil: clock.now() - ago },
      )
      come(lane({ rate: { key: 'api', limit: 2, per_ms: 1_000 } }))
      if (free > 0) {
        await clock.advance(free - 1)
        expect(all(one)).toEqual([])
        await clock.advance(1)
      }
      expect(all(one)).toEqual(['t1'])
    }
  })

  it('forgets lanes, classes and keys that nobody uses, after a while', async () => {
    const { tasks, come, all, clock } = open()
    const one = worker()
    tasks.setWorker(one)
    for (let n = 0; n < 10_000; n++) {
      const key = lane({
        concurrency: { key: `c${n}`, limit: 1 },
        rate: { key: `r${n}`, limit: 1, per_ms: 1_000 },
      })
      come(key)
      all(one)
      tasks.ended(key)
    }
    expect(tasks.memory).toEqual({ tasks: 0, lanes: 4_096, gates: 4_096 + 10_000 })
    await clock.advance(2_000)
    expect(tasks.memory.gates).toBe(2 * 4_096)
  })

  it('holds 512 of a million tasks in memory, and reads on as they are taken', async () => {
    let read = 0
    const { tasks, clock, come } = open({
      page: async (key, after, limit) => {
        if (!key.includes('many')) return []
        read += limit
        return Array.from({ length: limit }, (_, n) => {
          const order = after + 1 + n
          return { task_id: `t${order}`, order, queued_at: clock.now() }
        })
      },
    })
    const one = worker()
    tasks.setWorker(one)
    const many = lane({ principal: 'many', concurrency: { key: 'k', limit: 1 } })
    tasks.recover([{ lane: many, waiting: 1_000_000 }])
    come(lane({ principal: 'few' }))
    const taken: number[] = []
    for (let n = 0; n < 1_001; n++) {
      await clock.advance(0)
      const next = tasks.take(one)
      if (next?.lane === many) taken.push(next.order)
      tasks.ended(next?.lane ?? '')
      expect(tasks.memory.tasks).toBeLessThanOrEqual(513)
    }
    expect(taken).toEqual(Array.from({ length: 1_000 }, (_, n) => n + 1))
    expect(tasks.size).toBe(999_000)
    expect(read).toBeLessThan(1_500)
  })

  it('asks again for a page that could not be read', async () => {
    let failures = 2
    const { tasks, clock, all } = open({
      page: async () => {
        if (failures-- > 0) throw new Error('unavailable')
        return [{ task_id: 't7', order: 7, queued_at: 0 }]
      },
    })
    const one = worker()
    tasks.setWorker(one)
    tasks.recover([{ lane: lane(), waiting: 1 }])
    await clock.advance(0)
    await clock.advance(1_999)
    expect(all(one)).toEqual([])
    await clock.advance(1)
    expect(all(one)).toEqual(['t7'])
  })
})

describe('a task that is only being made', () => {
  const free = (...workers: WorkerOffer[]) => new Set(workers)

  it('is taken for a free worker where its lane is known and empty, and counts at its gates', () => {
    const { tasks, come, all } = open()
    const one = worker()
    tasks.setWorker(one)
    const keyed = lane({ concurrency: { key: 'k', limit: 1 } })
    expect(tasks.takeNew(keyed, 'first', free(one))).toBeUndefined()
    come(keyed)
    expect(all(one)).toEqual(['t1'])
    expect(tasks.takeNew(keyed, 'new', free(one))).toBeUndefined()
    tasks.ended(keyed)
    expect(tasks.takeNew(keyed, 'new', free(worker('stranger')))).toBeUndefined()
    expect(tasks.takeNew(keyed, 'new', free(one))).toMatchObject({
      worker: one,
      taken: { task_id: 'new', lane: keyed },
    })
    come(keyed)
    expect(all(one)).toEqual([])
  })

  it('passes no task that waits in its lane, nor one that its worker has been woken for', () => {
    const { tasks, come, all } = open()
    const one = worker()
    tasks.setWorker(one)
    const [plain, urgent] = [lane(), lane({ priority: 9 })]
    come(plain)
    expect(tasks.takeNew(plain, 'new', free(one))).toBeUndefined()
    expect(all(one)).toEqual(['t1'])
    come(urgent)
    expect(tasks.takeNew(plain, 'new', free(one))).toBeUndefined()
    expect(all(one)).toEqual(['t2'])
    expect(tasks.takeNew(plain, 'new', free(one))).toBeDefined()
  })

  it('passes no older task that waits for the same key in another lane', () => {
    const { tasks, come, all } = open()
    const [one, busy] = [worker(), worker('busy', [], { b: 'b1' })]
    tasks.setWorker(one)
    tasks.setWorker(busy)
    const concurrency = { key: 'k', limit: 2 }
    const [mine, theirs] = [lane({ concurrency }), lane({ concurrency, tool: 'b', code_cid: 'b1' })]
    come(mine)
    expect(all(one)).toEqual(['t1'])
    // One place is left, and the worker for the older task has no credit now.
    come(theirs)
    expect(tasks.takeNew(mine, 'new', free(one))).toBeUndefined()
    expect(all(busy)).toEqual(['t2'])
  })
})
