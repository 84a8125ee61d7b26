import { describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { RuntimeBusyError, RuntimeLostError } from './errors.ts'
import { probeCall } from './fixtures/probe-descriptor.ts'
import type { ToWorker } from './worker-messages.ts'
import { WorkerPool, type WorkerPoolLimits } from './worker-pool.ts'
import type { WorkerHandle } from './worker-slot.ts'

/** A worker whose side of the channel the test plays. */
class PlayedWorker implements WorkerHandle {
  readonly received: ToWorker[] = []
  ended = false
  #listener: (message: unknown) => void = () => {}
  #onDeath: (why: string) => void = () => {}

  post(message: ToWorker): void {
    this.received.push(message)
  }
  onMessage(listener: (message: unknown) => void): void {
    this.#listener = listener
  }
  onDeath(listener: (why: string) => void): void {
    this.#onDeath = listener
  }
  end(): void {
    this.ended = true
  }
  say(message: unknown): void {
    this.#listener(message)
  }
  /** Answers the last call it was given. */
  done(output: string): void {
    this.say({ kind: 'done', call: this.received.findLast(message => message.kind === 'run')?.call, output })
  }
  die(): void {
    this.#onDeath('as played')
  }
}

function makePool(capacity: number, limits: Partial<WorkerPoolLimits> = {}) {
  const workers: PlayedWorker[] = []
  const clock = new ManualClock()
  const pool = new WorkerPool({
    id: 'pool',
    place: { platform: 'node', allow: [] },
    capacity,
    clock,
    logger: silentLogger,
    limits,
    startWorker() {
      const worker = new PlayedWorker()
      workers.push(worker)
      return worker
    },
  })
  const worker = (n: number): PlayedWorker => workers[n]!
  return { pool, clock, workers, worker }
}

const settle = () => new Promise(resolve => setTimeout(resolve, 0))

describe('WorkerPool', () => {
  it('starts no worker before the first call, and only as many as are needed', async () => {
    const { pool, workers, worker } = makePool(4)
    expect(workers).toHaveLength(0)
    for (const text of ['a', 'b']) {
      const run = pool.run(probeCall({ text }))
      worker(0).done(text)
      expect(await run).toBe(text)
    }
    expect(workers).toHaveLength(1)
  })

  it('lets calls wait in order when all workers run, and refuses one too many', async () => {
    const { pool, worker } = makePool(1, { maxWaiting: 2 })
    const runs = ['a', 'b', 'c'].map(text => pool.run(probeCall({ text })))
    expect(pool.load()).toEqual({ running: 1, waiting: 2, capacity: 1 })
    await expect(pool.run(probeCall({}))).rejects.toBeInstanceOf(RuntimeBusyError)
    for (const [n, run] of runs.entries()) {
      worker(0).done(`output ${n}`)
      expect(await run).toBe(`output ${n}`)
      await settle()
    }
    const inputs = worker(0).received.map(message => (message.kind === 'run' ? message.input : undefined))
    expect(inputs).toEqual([{ text: 'a' }, { text: 'b' }, { text: 'c' }])
  })

  it('refuses a call that waited too long, which then never runs', async () => {
    const { pool, clock, worker } = makePool(1, { maxWaitMs: 1_000 })
    const first = pool.run(probeCall({}, { timeoutMs: 60_000 }))
    const second = pool.run(probeCall({}))
    second.catch(() => {})
    await clock.advance(1_000)
    await expect(second).rejects.toBeInstanceOf(RuntimeBusyError)
    worker(0).done('first')
    await first
    expect(worker(0).received).toHaveLength(1)
  })

  it('takes a cancelled call out of the waiting list', async () => {
    const { pool } = makePool(1)
    pool.run(probeCall({})).catch(() => {})
    const abort = new AbortController()
    const second = pool.run(probeCall({}, { signal: abort.signal }))
    abort.abort()
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    expect(pool.load().waiting).toBe(0)
    await pool.close()
  })

  it('tells the tool to stop, and ends its worker after the grace', async () => {
    const { pool, clock, workers, worker } = makePool(1, { graceMs: 2_000 })
    const run = pool.run(probeCall({}, { timeoutMs: 100 }))
    run.catch(() => {})
    await clock.advance(100)
    expect(worker(0).received.at(-1)).toEqual({ kind: 'cancel', call: 1 })
    expect(pool.load().running).toBe(1)
    await clock.advance(2_000)
    await expect(run).rejects.toMatchObject({ code: 'timed_out' })
    expect(worker(0).ended).toBe(true)
    pool.run(probeCall({})).catch(() => {})
    expect(workers).toHaveLength(2)
    await pool.close()
  })

  it('keeps the worker of a tool that stops within the grace, and still reports the cancellation', async () => {
    const { pool, clock, workers, worker } = makePool(1)
    const abort = new AbortController()
    const run = pool.run(probeCall({}, { signal: abort.signal }))
    abort.abort()
    worker(0).done('too late')
    await expect(run).rejects.toMatchObject({ code: 'cancelled' })
    await clock.advance(10_000)
    expect(worker(0).ended).toBe(false)
    expect(workers).toHaveLength(1)
  })

  it('tells a death before the start, which ran nothing, from one under a call', async () => {
    const { pool, worker } = makePool(1)
    const first = pool.run(probeCall({}))
    worker(0).die()
    await expect(first).rejects.toBeInstanceOf(RuntimeBusyError)
    const second = pool.run(probeCall({}))
    worker(1).say({ kind: 'ready' })
    worker(1).die()
    await expect(second).rejects.toBeInstanceOf(RuntimeLostError)
  })

  it('refuses the call when the platform gives no worker', async () => {
    const pool = new WorkerPool({
      id: 'pool',
      place: { platform: 'node', allow: [] },
      capacity: 1,
      clock: new ManualClock(),
      logger: silentLogger,
      startWorker() {
        throw new Error('out of threads')
      },
    })
    await expect(pool.run(probeCall({}))).rejects.toThrow(/out of threads/)
    expect(pool.load().running).toBe(0)
  })

  it('ends a worker that sends what is no message', async () => {
    for (const message of [null, 7, {}, { kind: 'done', call: 1 }, { kind: 'failed', call: 1, error: {} }]) {
      const { pool, worker } = makePool(1)
      const run = pool.run(probeCall({}))
      worker(0).say({ kind: 'ready' })
      worker(0).say(message)
      await expect(run).rejects.toBeInstanceOf(RuntimeLostError)
      expect(worker(0).ended).toBe(true)
    }
  })

  it('ignores what comes late for a call that has ended', async () => {
    const { pool, worker } = makePool(1)
    const first = pool.run(probeCall({}))
    worker(0).done('first')
    await first
    const second = pool.run(probeCall({}))
    worker(0).say({ kind: 'done', call: 1, output: 'late' })
    worker(0).done('second')
    expect(await second).toBe('second')
  })

  it('ends workers that have been idle, and keeps those in use', async () => {
    const { pool, clock, worker } = makePool(2, { idleMs: 60_000 })
    const runs = [pool.run(probeCall({})), pool.run(probeCall({}, { timeoutMs: 900_000 }))]
    worker(0).done('a')
    await runs[0]
    await clock.advance(60_000)
    expect(worker(0).ended).toBe(true)
    expect(worker(1).ended).toBe(false)
    worker(1).done('b')
    await runs[1]
  })

  it('grows and shrinks while calls run', async () => {
    const { pool, workers, worker } = makePool(1)
    const runs = ['a', 'b', 'c'].map(text => pool.run(probeCall({ text })))
    pool.setCapacity(3)
    await settle()
    expect(workers).toHaveLength(3)
    pool.setCapacity(1)
    for (const n of [0, 1, 2]) worker(n).done(`output ${n}`)
    expect(await Promise.all(runs)).toEqual(['output 0', 'output 1', 'output 2'])
    await settle()
    expect(workers.filter(worker => !worker.ended)).toHaveLength(1)
  })

  it('ends what runs and what waits when it is closed', async () => {
    const { pool, worker } = makePool(1)
    const running = pool.run(probeCall({}))
    const waiting = pool.run(probeCall({}))
    worker(0).say({ kind: 'ready' })
    const outcomes = Promise.allSettled([running, waiting])
    await pool.close()
    expect(await outcomes).toMatchObject([
      { reason: { name: 'RuntimeLostError' } },
      { reason: { name: 'RuntimeBusyError' } },
    ])
  })
})
