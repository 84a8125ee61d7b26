import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { Bodies } from './bodies/bodies.ts'
import { MemoryBlobStore } from './bodies/memory-blob-store.ts'
import { LinkLostError } from './errors.ts'
import { BreakableStore, settle, TEST_TOOLS } from './queue.fixture.ts'
import { Queue } from './queue.ts'
import type { MemoryQueueStore } from './store/memory-queue-store.ts'
import { type Outcome, TERMINAL_STATES } from './task.ts'
import type { Assignment, OutcomeReport, WorkerLink } from './work.ts'

/** A peer whose attempts outlive its links, with an outbox, as a tab with a bad network. */
class Peer {
  readonly peerId: string
  #run = 0
  #link: WorkerLink | undefined
  #attempts: {
    assignment: Assignment
    instance: string
    answer: ((outcome: Outcome) => void) | undefined
    drop: () => void
  }[] = []
  #outbox: OutcomeReport[] = []

  constructor(peerId: string) {
    this.peerId = peerId
  }

  get #instance(): string {
    return `${this.peerId}-${this.#run}`
  }

  connect(queue: Queue, credits: number): void {
    if (this.#link !== undefined) return
    this.#link = {
      peer_id: this.peerId,
      run: assignment =>
        new Promise((resolve, reject) => {
          const drop = () => reject(new LinkLostError(this.peerId))
          this.#attempts.push({ assignment, instance: this.#instance, answer: resolve, drop })
        }),
      renew: async () =>
        this.#attempts.map(({ assignment: { lease } }) => ({ task_id: lease.task_id, fence: lease.fence })),
      settled: () => {},
      cancel: () => {},
    }
    const tools = TEST_TOOLS.list().map(({ name, interface_cid, code_cid }) => ({
      tool: name,
      interface_cid,
      code_cid,
    }))
    queue.announce(this.#link, { instance_id: this.#instance, tools, labels: [], credits })
  }

  async flush(queue: Queue): Promise<void> {
    const reports = this.#outbox
    const verdicts = await queue.complete(this.peerId, reports).catch(unavailable)
    if (verdicts.length === 0) return
    expect(verdicts).toHaveLength(reports.length)
    this.#outbox = []
  }

  /** Says by itself what it still runs: never more than it was given. */
  heartbeat(queue: Queue): void {
    const leases = this.#attempts.map(({ assignment: { lease } }) => lease)
    expect(queue.heartbeat(this.peerId, leases).length).toBeLessThanOrEqual(leases.length)
  }

  /** Comes for work by itself; what it gets is answered by its outbox. */
  async claim(queue: Queue): Promise<void> {
    if (this.#link === undefined) return
    const instance = this.#instance
    for (const assignment of await queue.claim(this.#link, 1)) {
      if (instance === this.#instance)
        this.#attempts.push({ assignment, instance, answer: undefined, drop: () => {} })
    }
  }

  drop(queue: Queue): void {
    if (this.#link === undefined) return
    queue.dropped(this.#link)
    this.#link = undefined
    for (const attempt of this.#attempts) {
      attempt.answer = undefined
      attempt.drop()
    }
  }

  /** A crash: nothing of what ran is left, and the next connection is another instance. */
  crash(queue: Queue): void {
    this.drop(queue)
    this.#attempts = []
    this.#run += 1
  }

  /** Ends one attempt; `twice` also reports it by the outbox, as after an answer that was thought lost. */
  end(index: number, outcome: Outcome, twice: boolean): void {
    const [attempt] = this.#attempts.splice(index % Math.max(this.#attempts.length, 1), 1)
    if (attempt === undefined) return
    const { task_id, fence } = attempt.assignment.lease
    attempt.answer?.(outcome)
    if (attempt.answer === undefined || twice) {
      this.#outbox.push({ task_id, fence, instance_id: attempt.instance, outcome })
    }
  }

  get busy(): boolean {
    return this.#attempts.length > 0
  }
}

/** One run of the process that holds the queue. */
class Life {
  isOver = false
}

/** The store as one process sees it: nothing reaches it, or comes from it, once the process has crashed. */
function lived(store: MemoryQueueStore, life: Life): MemoryQueueStore {
  const never = new Promise<never>(() => {})
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (life.isOver) return never
        const answer: unknown = Reflect.apply(value, target, args)
        return answer instanceof Promise ? answer.then(kept => (life.isOver ? never : kept)) : answer
      }
    },
  })
}

/** What a store that is broken refuses. */
function unavailable(error: unknown): never[] {
  expect(error).toMatchObject({ code: 'unavailable' })
  return []
}

type Step =
  | {
      do: 'submit'
      once: boolean
      key: number | undefined
      delay: number
      priority: number
      lock: number | undefined
    }
  | { do: 'update'; index: number; priority: number }
  | { do: 'pause' | 'resume'; tool: boolean }
  | { do: 'break' | 'mend' }
  | { do: 'heartbeat' | 'claim'; peer: number }
  | { do: 'connect' | 'drop' | 'crash' | 'flush'; peer: number }
  | { do: 'end'; peer: number; index: number; how: 'ok' | 'fail' | 'cancelled' | 'refused'; twice: boolean }
  | { do: 'cancel'; index: number }
  | { do: 'advance'; ms: number }
  | { do: 'restart'; crash: boolean }

const peer = fc.integer({ min: 0, max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('submit' as const),
    once: fc.boolean(),
    key: fc.option(fc.nat(3), { nil: undefined }),
    delay: fc.constantFrom(0, 0, 500, 20_000),
    priority: fc.integer({ min: 1, max: 10 }),
    lock: fc.option(fc.nat(1), { nil: undefined }),
  }),
  fc.record({
    do: fc.constant('update' as const),
    index: fc.nat(20),
    priority: fc.integer({ min: 1, max: 10 }),
  }),
  fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const), tool: fc.boolean() }),
  fc.record({ do: fc.constantFrom('break' as const, 'mend' as const, 'mend' as const) }),
  fc.record({ do: fc.constantFrom('heartbeat' as const, 'claim' as const), peer }),
  fc.record({
    do: fc.constantFrom(
      'connect' as const,
      'connect' as const,
      'drop' as const,
      'crash' as const,
      'flush' as const,
    ),
    peer,
  }),
  fc.record({
    do: fc.constant('end' as const),
    peer,
    index: fc.nat(5),
    how: fc.constantFrom(
      'ok' as const,
      'ok' as const,
      'fail' as const,
      'cancelled' as const,
      'refused' as const,
    ),
    twice: fc.boolean(),
  }),
  fc.record({ do: fc.constant('cancel' as const), index: fc.nat(20) }),
  fc.record({
    do: fc.constant('advance' as const),
    ms: fc.constantFrom(10, 600, 3_000, 6_000, 12_000, 31_000),
  }),
  fc.record({ do: fc.constant('restart' as const), crash: fc.boolean() }),
)

const OUTCOMES: Record<'fail' | 'cancelled' | 'refused', Outcome> = {
  fail: { state: 'failed', error: { code: 'tool_failed', message: 'no', retryable: true } },
  cancelled: { state: 'cancelled', error: { code: 'cancelled', message: 'leaving', retryable: true } },
  refused: { state: 'failed', error: { code: 'unavailable', message: 'full', retryable: true } },
}

describe('a queue whose workers vanish and come back', () => {
  it('loses no acknowledged task and commits exactly one outcome for each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        const clock = new ManualClock()
        const store = new BreakableStore()
        const bodies = new Bodies({ store: new MemoryBlobStore(), logger: silentLogger })
        let life = new Life()
        const open = async () => {
          life = new Life()
          const queue = new Queue({
            store: lived(store, life),
            bodies,
            clock,
            catalogue: TEST_TOOLS,
            ownerId: 'owner-peer-id',
            logger: silentLogger,
            random: () => 0.3,
          })
          await queue.start()
          queue.reachable()
          return queue
        }
        let queue = await open()
        const peers = [new Peer('p0'), new Peer('p1'), new Peer('p2')]
        const acknowledged = new Set<string>()
        let results = 0

        for (const each of steps) {
          switch (each.do) {
            case 'submit': {
              const key = each.key === undefined ? {} : { idempotency_key: `k${each.key}` }
              const lock =
                each.lock === undefined ? {} : { concurrency: { key: `l${each.lock}`, limit: 1 + each.lock } }
              const { priority, delay: delay_ms } = each
              const request = { tool: each.once ? 'once' : 'work', params: {}, priority, delay_ms }
              const [receipt] = await queue
                .submit('alice', [{ ...request, ...key, ...lock }])
                .catch(unavailable)
              if (receipt !== undefined && 'task_id' in receipt) acknowledged.add(receipt.task_id)
              break
            }
            case 'update': {
              const id = [...acknowledged][each.index]
              if (id !== undefined) await queue.update(id, { priority: each.priority }).catch(() => {})
              break
            }
            case 'pause':
              await queue.pause(each.tool ? { tool: 'work' } : {}).catch(unavailable)
              break
            case 'resume':
              await queue.resume(each.tool ? { tool: 'work' } : {}).catch(unavailable)
              break
            case 'break':
              store.broken = true
              break
            case 'mend':
              store.broken = false
              break
            case 'heartbeat':
              peers[each.peer]!.heartbeat(queue)
              break
            case 'claim':
              await peers[each.peer]!.claim(queue)
              break
            case 'connect':
              peers[each.peer]!.connect(queue, 2)
              break
            case 'drop':
              peers[each.peer]!.drop(queue)
              break
            case 'crash':
              peers[each.peer]!.crash(queue)
              break
            case 'flush':
              await peers[each.peer]!.flush(queue)
              break
            case 'end':
              results += 1
              peers[each.peer]!.end(
                each.index,
                each.how === 'ok' ? { state: 'succeeded', result: results } : OUTCOMES[each.how],
                each.twice,
              )
              break
            case 'cancel': {
              const id = [...acknowledged][each.index]
              if (id !== undefined) await queue.cancel(id, 'no need').catch(() => {})
              break
            }
            case 'advance':
              await clock.advance(each.ms)
              break
            case 'restart':
              if (each.crash) life.isOver = true
              for (const peer of peers) peer.drop(queue)
              if (!each.crash) await queue.close()
              queue = await open()
          }
          await settle()
          for (const { running, credits } of (await queue.status()).workers) {
            expect(running).toBeGreaterThanOrEqual(0)
            expect(running).toBeLessThanOrEqual(credits)
          }
        }

        // At last everyone is there and works: everything must end.
        store.broken = false
        await clock.advance(20_000)
        await queue.resume({})
        await queue.resume({ tool: 'work' })
        for (let round = 0; round < 200; round++) {
          for (const peer of peers) {
            peer.connect(queue, 2)
            while (peer.busy) peer.end(0, { state: 'succeeded', result: 'end' }, false)
            await peer.flush(queue)
          }
          await clock.advance(10_000)
          const { counts } = await queue.status()
          if (counts.queued + counts.running + counts.scheduled === 0 && peers.every(peer => !peer.busy))
            break
        }
        for (const peer of peers) {
          while (peer.busy) peer.end(0, { state: 'succeeded', result: 'end' }, false)
        }
        await settle()

        const { events } = await queue.events(0)
        for (const id of acknowledged) {
          expect(TERMINAL_STATES.has((await queue.get(id)).state)).toBe(true)
          const ends = events.filter(event => event.task_id === id && TERMINAL_STATES.has(event.state))
          expect(ends).toHaveLength(1)
        }
        expect(events.map(event => event.seq)).toEqual(events.map((_, index) => index + 1))
        expect((await queue.status()).ready).toBe(0)
        for (const { running } of (await queue.status()).workers) expect(running).toBe(0)
        await queue.close()
      }),
      { numRuns: 150 },
    )
  }, 180_000)
})
