/** Random arrivals, departures, takes and ends over a store whose pages come late and in any order. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { AlarmClock } from '../alarm-clock.ts'
import type { WaitingTask } from '../store/store.ts'
import { type Taken, WaitingTasks } from './waiting-tasks.ts'
import type { WorkerOffer } from './what-is-missing.ts'

const LIMIT = 2
const RATE = { limit: 3, per_ms: 1_000 }
const LANES = [
  [5, 'a', null, null, [], 'alice', null, null],
  [5, 'a', null, null, [], 'bob', null, null],
  [5, 'a', null, null, [], 'alice', ['k', LIMIT], null],
  [7, 'a', null, null, ['gpu'], 'alice', ['k', LIMIT], null],
  [3, 'a', null, null, [], 'alice', null, ['r', RATE.limit, RATE.per_ms]],
  [3, 'a', null, null, ['gpu'], 'alice', ['k', LIMIT], ['r', RATE.limit, RATE.per_ms]],
].map(each => JSON.stringify(each))

/** The store, and what is true of each lane. */
class Model {
  readonly waiting = new Map<string, Map<number, WaitingTask>>(LANES.map(lane => [lane, new Map()]))
  readonly pages: (() => void)[] = []
  readonly running: Taken[] = []
  readonly starts: number[] = []
  #order = 0

  /** A page is what the lane is when it is asked for; it comes when the test lets it. */
  page = (lane: string, after: number, limit: number): Promise<WaitingTask[]> => {
    const tasks = this.sorted(lane)
      .filter(task => task.order > after)
      .slice(0, limit)
    return new Promise(resolve => this.pages.push(() => resolve(tasks)))
  }

  sorted(lane: string): WaitingTask[] {
    return [...this.of(lane).values()].sort((a, b) => a.order - b.order)
  }

  first(lane: string): number {
    let first = Number.POSITIVE_INFINITY
    for (const order of this.of(lane).keys()) first = Math.min(first, order)
    return first
  }

  of(lane: string): Map<number, WaitingTask> {
    return this.waiting.get(lane) ?? new Map()
  }

  add(lane: string, queued_at: number, order?: number): WaitingTask {
    const place = order ?? ++this.#order
    const task = { task_id: `t${place}`, order: place, queued_at }
    this.of(lane).set(place, task)
    return task
  }

  get size(): number {
    return [...this.waiting.values()].reduce((sum, tasks) => sum + tasks.size, 0)
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('arrive' as const), n: fc.nat(60), lane: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), n: fc.nat(), lane: fc.nat(5) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), n: fc.nat(30), lane: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), n: fc.nat(), lane: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('page' as const), n: fc.nat(), lane: fc.nat(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const), n: fc.nat(900), lane: fc.nat(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('worker' as const), n: fc.nat(1), lane: fc.nat(1) }) },
)

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

describe('waiting tasks, at random', () => {
  it('give every task that waits out once, in the order of its lane, as its gates allow, and forget none', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 150, size: 'max' }),
        fc.tuple(fc.nat(600), fc.nat(600), fc.nat(300), fc.nat(300), fc.nat(12), fc.nat(12)),
        fc.integer({ min: 1, max: 2_000 }),
        async (steps, stored, heldAtMost) => {
          const clock = new ManualClock()
          const model = new Model()
          const tasks = new WaitingTasks<WorkerOffer>({
            page: model.page,
            clock,
            alarms: new AlarmClock(clock),
            categoryOf: () => 'test',
            onReady: () => {},
            logger: silentLogger,
            heldAtMost,
          })
          const offer = (peer_id: string, labels: string[]): WorkerOffer => {
            return { peer_id, tools: new Map([['a', 'a1']]), labels: new Set(labels) }
          }
          const workers = [offer('plain', []), offer('gpu', ['gpu'])]
          for (const [index, count] of stored.entries()) {
            for (let n = 0; n < count; n++) model.add(LANES[index]!, clock.now())
          }
          tasks.recover(
            LANES.map(lane => ({ lane, waiting: model.of(lane).size })).filter(each => each.waiting > 0),
            { starts: new Map(), unknownUntil: 0 },
          )
          expect(tasks.size).toBe(model.size)

          const take = (worker: WorkerOffer): boolean => {
            const taken = tasks.take(worker)
            if (taken === undefined) return false
            const { lane, order } = taken
            if (model.first(lane) !== order) expect(order).toBe(model.first(lane))
            expect(lane.includes('gpu') && worker !== workers[1]).toBe(false)
            model.of(lane).delete(order)
            model.running.push(taken)
            const ofKey = model.running.filter(each => each.lane.includes('"k"'))
            expect(ofKey.length).toBeLessThanOrEqual(LIMIT)
            if (!lane.includes('"r"')) return true
            model.starts.push(clock.now())
            const since = clock.now() - RATE.per_ms
            expect(model.starts.filter(at => at > since).length).toBeLessThanOrEqual(RATE.limit)
            return true
          }
          const end = (index: number, how: number) => {
            const [taken] = model.running.splice(index, 1)
            if (taken === undefined) return
            tasks.ended(taken.lane)
            if (how === 0) tasks.arrive(taken.lane, model.add(taken.lane, clock.now(), taken.order))
          }
          const answer = async (n: number) => {
            for (const each of model.pages.splice(n % Math.max(model.pages.length, 1), 1)) each()
            await turn()
          }

          for (const { do: what, n, lane } of steps) {
            const key = LANES[lane]!
            if (what === 'arrive') {
              const count = lane < 4 ? n : n % 4
              for (let i = 0; i < count; i++) tasks.arrive(key, model.add(key, clock.now()))
            } else if (what === 'take') for (let i = 0; i < n && take(workers[lane]!); i++);
            else if (what === 'end') end(n % Math.max(model.running.length, 1), lane)
            else if (what === 'page') await answer(n)
            else if (what === 'time') await clock.advance(n)
            else if (what === 'worker') {
              if (n === 0) tasks.removeWorker(workers[lane]!)
              else tasks.setWorker(workers[lane]!)
            } else {
              const waiting = model.sorted(key)
              const gone = waiting[n % Math.max(waiting.length, 1)]
              if (gone === undefined) continue
              model.of(key).delete(gone.order)
              tasks.leave(key, gone.order)
            }
            expect(tasks.size).toBe(model.size)
            // The pages on their way, and the few that every lane may have.
            expect(tasks.memory.tasks).toBeLessThan(heldAtMost + LANES.length * 264)
          }

          for (const worker of workers) tasks.setWorker(worker)
          for (let idle = 0; idle < 3; ) {
            let any = false
            for (const worker of workers) while (take(worker)) any = true
            const used = model.running.filter(each => each.lane.includes('"k"')).length
            const left = model.of(LANES[2]!).size + model.of(LANES[3]!).size
            // Whoever is free: while the key has room, nothing of it waits but what has to be read yet.
            if (model.pages.length === 0) expect(used < LIMIT && left > 0).toBe(false)
            while (model.running.length > 0) end(0, 1)
            for (const worker of workers) while (take(worker)) any = true
            while (model.pages.length > 0) await answer(0)
            if (!any) await clock.advance(RATE.per_ms)
            idle = any ? 0 : idle + 1
          }
          expect(model.size).toBe(0)
          expect(tasks.size).toBe(0)
          expect(tasks.waitingFor(workers)).toEqual([])
          expect(tasks.memory.tasks).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  }, 120_000)
})
