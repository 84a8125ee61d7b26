import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { Bodies } from './bodies.ts'
import { LinkLostError } from './errors.ts'
import { MemoryBlobStore } from './memory-blob-store.ts'
import { MemoryQueueStore } from './memory-queue-store.ts'
import { settle, TEST_TOOLS } from './queue.fixture.ts'
import { Queue } from './queue.ts'
import { type Outcome, type TaskEvent, TERMINAL_STATES } from './task.ts'
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
    const verdicts = await queue.complete(this.peerId, reports)
    expect(verdicts).toHaveLength(reports.length)
    this.#outbox = []
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

type Step =
  | { do: 'submit'; once: boolean; key: number | undefined }
  | { do: 'connect' | 'drop' | 'crash' | 'flush'; peer: number }
  | { do: 'end'; peer: number; index: number; how: 'ok' | 'fail' | 'cancelled' | 'refused'; twice: boolean }
  | { do: 'cancel'; index: number }
  | { do: 'advance'; ms: number }
  | { do: 'restart' }

const peer = fc.integer({ min: 0, max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('submit' as const),
    once: fc.boolean(),
    key: fc.option(fc.nat(3), { nil: undefined }),
  }),
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
  fc.record({ do: fc.constant('restart' as const) }),
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
        const store = new MemoryQueueStore()
        const bodies = new Bodies({ store: new MemoryBlobStore(), logger: silentLogger })
        const events: TaskEvent[] = []
        const open = async () => {
          const queue = new Queue({
            store,
            bodies,
            clock,
            catalogue: TEST_TOOLS,
            ownerId: 'owner-peer-id',
            logger: silentLogger,
            random: () => 0.3,
          })
          queue.onChange(event => events.push(event))
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
              const [receipt] = await queue.submit('alice', [
                { tool: each.once ? 'once' : 'work', params: {}, ...key },
              ])
              if (receipt !== undefined && 'task_id' in receipt) acknowledged.add(receipt.task_id)
              break
            }
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
              for (const peer of peers) peer.drop(queue)
              await queue.close()
              queue = await open()
          }
          await settle()
          for (const { running, credits } of (await queue.status()).workers) {
            expect(running).toBeGreaterThanOrEqual(0)
            expect(running).toBeLessThanOrEqual(credits)
          }
        }

        // At last everyone is there and works: everything must end.
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

        for (const id of acknowledged) {
          expect(TERMINAL_STATES.has((await queue.get(id)).state)).toBe(true)
          const ends = events.filter(event => event.task_id === id && TERMINAL_STATES.has(event.state))
          expect(ends).toHaveLength(1)
        }
        expect(events.map(event => event.seq)).toEqual(events.map((_, index) => index + 1))
        for (const { running } of (await queue.status()).workers) expect(running).toBe(0)
        await queue.close()
      }),
      { numRuns: 150 },
    )
  }, 180_000)
})
