import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PeerUnreachableError } from '../errors.ts'
import { poolOfTest, type TestHost } from './pool.fixture.ts'

const PEERS = ['a', 'b', 'c']
const IDLE_MS = 3000

type Step =
  | { kind: 'use'; peer: string; waitMs: number; workMs: number }
  | { kind: 'keep'; peer: string; forMs: number }
  | { kind: 'give up'; wish: number }
  | { kind: 'dial'; peer: string; works: boolean }
  | { kind: 'end'; peer: string; code: string }
  | { kind: 'comes'; peer: string }
  | { kind: 'drop'; peer: string }
  | { kind: 'answers'; how: TestHost['answer'] }
  | { kind: 'wait'; ms: number }

const peer = fc.constantFrom(...PEERS)
const ms = fc.integer({ min: 0, max: 5000 })
const answer = fc.constantFrom<TestHost['answer']>('at once', 'never', 'fails')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('use' as const), peer, waitMs: ms, workMs: ms }) },
  fc.record({ kind: fc.constant('keep' as const), peer, forMs: ms }),
  fc.record({ kind: fc.constant('give up' as const), wish: fc.nat(20) }),
  fc.record({ kind: fc.constant('dial' as const), peer, works: fc.boolean() }),
  fc.record({
    kind: fc.constant('end' as const),
    peer,
    code: fc.constantFrom('closed', 'unavailable', 'forbidden'),
  }),
  fc.record({ kind: fc.constant('comes' as const), peer }),
  fc.record({ kind: fc.constant('drop' as const), peer }),
  fc.record({ kind: fc.constant('answers' as const), how: answer }),
  fc.record({ kind: fc.constant('wait' as const), ms }),
)

interface Wish {
  peer: string
  control: AbortController
  /** When it must have begun its work or ended, at the latest. */
  until: number
  state: 'waits' | 'works' | 'ended'
}

it('whatever happens: one opening a peer at once, every wish settles in its time, no session is left over', async () => {
  await fc.assert(
    fc.asyncProperty(answer, fc.array(step, { maxLength: 30 }), async (first, steps) => {
      const { pool, host, clock, settle } = poolOfTest({
        limits: { idleMs: IDLE_MS, openings: 2, idleSessions: 2, openMs: 4000, firstBackoffMs: 4000 },
      })
      host.answer = first
      const wishes: Wish[] = []
      const keepers = new Map<AbortController, string>()
      const all: Promise<unknown>[] = []
      const pause = (pauseMs: number) => new Promise<void>(resolve => clock.after(pauseMs, resolve))
      const use = (to: string, waitMs: number, workMs: number) => {
        const control = new AbortController()
        const wish: Wish = { peer: to, control, until: clock.now() + waitMs, state: 'waits' }
        wishes.push(wish)
        const work = async () => {
          wish.state = 'works'
          expect(host.session(to)).toBeDefined()
          await pause(workMs)
        }
        const done = pool.use(to, { signal: control.signal, waitMs }, work).catch(() => {})
        all.push(
          done.finally(() => {
            wish.state = 'ended'
          }),
        )
      }
      const run = async (one: Step): Promise<void> => {
        if (one.kind === 'use') use(one.peer, one.waitMs, one.workMs)
        if (one.kind === 'keep') {
          const control = new AbortController()
          pool.keep(one.peer, { signal: control.signal, onState: () => {} })
          keepers.set(control, one.peer)
          clock.after(one.forMs, () => {
            control.abort()
            keepers.delete(control)
          })
        }
        if (one.kind === 'give up') {
          const wish = wishes[one.wish]
          wish?.control.abort(new Error('given up'))
          if (wish?.state === 'waits') wish.until = Math.min(wish.until, clock.now())
        }
        if (one.kind === 'dial') {
          const dial = host.dialling.get(one.peer)?.[0]
          if (one.works) dial?.resolve()
          else dial?.reject(new PeerUnreachableError(one.peer))
        }
        if (one.kind === 'end') host.open.find(({ peerId }) => peerId === one.peer)?.end(one.code)
        if (one.kind === 'comes' && host.session(one.peer) === undefined) host.begin(one.peer, 'inbound')
        if (one.kind === 'drop') void pool.drop(one.peer)
        if (one.kind === 'answers') host.answer = one.how
        await clock.advance(one.kind === 'wait' ? one.ms : 0)
      }
      for (const one of steps) {
        await run(one)
        await settle()
        expect(host.mostAtOnce).toBeLessThanOrEqual(1)
        expect([...host.dialling.values()].flat().length).toBeLessThanOrEqual(2)
        for (const { state, until } of wishes) if (clock.now() > until) expect(state).not.toBe('waits')
        for (const [to, dials] of host.dialling) {
          const isWanted =
            [...keepers.values()].includes(to) ||
            wishes.some(wish => wish.peer === to && wish.state === 'waits')
          if (dials.length > 0) expect(isWanted).toBe(true)
        }
      }
      // All comes to rest: what is wished for ends, and nothing that this side opened stays.
      for (let round = 0; round < 8; round += 1) await clock.advance(5000)
      await Promise.all(all)
      expect(host.open.filter(({ direction }) => direction === 'outbound')).toEqual([])
      expect([...host.dialling.values()].flat()).toEqual([])
      expect(host.all.filter(session => session.held)).toEqual([])
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 150) },
  )
})
