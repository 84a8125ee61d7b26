import { describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import { PeerUnreachableError } from './errors.ts'
import { type KeepConnectedInit, type KeptState, keepConnected } from './keep-connected.ts'
import type { Session, SessionEnd } from './session-contract.ts'

/** A session that ends when the test says so. */
class EndableSession implements Pick<Session, 'peerId' | 'closed'> {
  readonly peerId = 'peer'
  readonly #end = Promise.withResolvers<SessionEnd>()
  readonly closed = this.#end.promise

  end(code: string): void {
    this.#end.resolve({ code, message: code })
  }
}

function keeping(connect: () => Promise<Session>, random = 0.5) {
  const clock = new ManualClock()
  const states: KeptState[] = []
  const control = new AbortController()
  const init: KeepConnectedInit = {
    host: { connect },
    peerId: 'peer',
    addresses: () => ['/ip4/127.0.0.1/tcp/1'],
    clock,
    logger: silentLogger,
    random: () => random,
    signal: control.signal,
    onState: state => states.push(state),
  }
  const kept = keepConnected(init)
  const phases = () => states.map(state => state.phase)
  const settle = () => clock.advance(0)
  return { kept, clock, states, phases, control, settle }
}

const unreachable = () => Promise.reject(new PeerUnreachableError('peer'))

describe('a kept connection', () => {
  it('waits longer after each failure, with full jitter, up to 30 s', async () => {
    const { states, clock, settle } = keeping(unreachable)
    await settle()
    const waits: number[] = []
    for (let round = 0; round < 9; round += 1) {
      const state = states.at(-1)!
      if (state.phase !== 'waiting') throw new Error(`expected to wait, is ${state.phase}`)
      waits.push(state.retryAt - clock.now())
      await clock.advance(state.retryAt - clock.now())
      await settle()
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
  })

  it('connects again after a loss', async () => {
    const sessions: EndableSession[] = []
    const { clock, phases, settle } = keeping(async () => {
      const session = new EndableSession()
      sessions.push(session)
      return session as unknown as Session
    })
    await settle()
    sessions[0]!.end('unavailable')
    await settle()
    expect(phases()).toEqual(['connecting', 'online', 'waiting'])
    await clock.advance(500)
    await settle()
    expect(phases().slice(3)).toEqual(['connecting', 'online'])
  })

  it('tries at once when it is woken', async () => {
    let tries = 0
    const { kept, settle } = keeping(() => {
      tries += 1
      return unreachable()
    }, 0.99)
    await settle()
    expect(tries).toBe(1)
    kept.wake()
    await settle()
    expect(tries).toBe(2)
  })

  it('stops when the peer says that the grant is gone', async () => {
    const session = new EndableSession()
    const { states, settle } = keeping(async () => session as unknown as Session)
    await settle()
    session.end('forbidden')
    await settle()
    expect(states.at(-1)).toMatchObject({ phase: 'stopped', reason: { code: 'forbidden' } })
  })

  it('stops when it is told to, in a session and in a wait', async () => {
    const online = keeping(async () => new EndableSession() as unknown as Session)
    await online.settle()
    online.control.abort()
    await online.settle()
    expect(online.phases().at(-1)).toBe('stopped')
    const waiting = keeping(unreachable)
    await waiting.settle()
    waiting.control.abort()
    await waiting.settle()
    expect(waiting.phases().at(-1)).toBe('stopped')
  })
})
