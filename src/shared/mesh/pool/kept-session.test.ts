import { describe, expect, it } from 'vitest'
import { ToolmeshError } from '../../errors.ts'
import { poolOfTest } from './pool.fixture.ts'
import type { MeshSessionPoolInit } from './session-pool.ts'
import type { KeepOptions, KeptState } from './session-pool-contract.ts'

function keeping({
  answer = 'at once',
  ...options
}: Partial<MeshSessionPoolInit> & Pick<KeepOptions, 'addresses'> & { answer?: 'at once' | 'fails' } = {}) {
  const test = poolOfTest(options)
  test.host.answer = answer
  const states: KeptState[] = []
  const control = new AbortController()
  const kept = test.pool.keep('peer', {
    ...(options.addresses === undefined ? {} : { addresses: options.addresses }),
    signal: control.signal,
    onState: state => states.push(state),
  })
  return { ...test, kept, states, control, phases: () => states.map(({ phase }) => phase) }
}

describe('a kept session', () => {
  it('waits longer after each failure, with full jitter, up to 30 s', async () => {
    const { states, clock, settle } = keeping({ answer: 'fails' })
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

  it('is opened again after a loss', async () => {
    const { host, clock, phases, settle } = keeping()
    await settle()
    host.all[0]?.end('unavailable')
    await settle()
    expect(phases()).toEqual(['connecting', 'online', 'waiting'])
    await clock.advance(500)
    expect(phases().slice(3)).toEqual(['connecting', 'online'])
  })

  it('goes on with the session that took its place', async () => {
    const { host, states, phases, settle } = keeping()
    await settle()
    const next = host.begin('peer', 'inbound')
    host.all[0]?.end('closed')
    await settle()
    expect(phases()).toEqual(['connecting', 'online', 'connecting', 'online'])
    expect(states.at(-1)).toEqual({ phase: 'online', session: next })
    expect(host.dials).toBe(1)
  })

  it('is tried at once when it is woken', async () => {
    const { kept, host, settle } = keeping({ answer: 'fails', random: () => 0.99 })
    await settle()
    expect(host.dials).toBe(1)
    kept.wake()
    await settle()
    expect(host.dials).toBe(2)
  })

  it('stops when the peer says that the grant is gone', async () => {
    const { host, states, clock, settle } = keeping()
    await settle()
    host.all[0]?.end('forbidden')
    await settle()
    expect(states.at(-1)).toMatchObject({ phase: 'stopped', reason: { code: 'forbidden' } })
    await clock.advance(100_000)
    expect(host.dials).toBe(1)
  })

  it('stops when it is told to, in a session, in a dial and in a wait', async () => {
    const online = keeping()
    await online.settle()
    online.control.abort()
    await online.settle()
    expect(online.phases().at(-1)).toBe('stopped')
    expect(online.host.open).toEqual([])
    const waiting = keeping({ answer: 'fails' })
    await waiting.settle()
    waiting.control.abort()
    await waiting.settle()
    expect(waiting.phases().at(-1)).toBe('stopped')
    const dialling = keeping()
    dialling.host.answer = 'never'
    dialling.host.all[0]?.end('unavailable')
    await dialling.clock.advance(1000)
    dialling.control.abort()
    await dialling.settle()
    expect(dialling.phases().at(-1)).toBe('stopped')
  })

  it('leaves the session to whoever else uses it when it stops', async () => {
    const { pool, host, control, settle } = keeping()
    const end = Promise.withResolvers<void>()
    const use = pool.use('peer', { signal: new AbortController().signal }, () => end.promise)
    await settle()
    control.abort()
    await settle()
    expect(host.open).toHaveLength(1)
    end.resolve()
    await use
  })

  it('asks for addresses before each round, and does with those that are known when nobody answers', async () => {
    let asked = 0
    const away = async () => {
      asked += 1
      throw new ToolmeshError('unavailable', 'nobody answers')
    }
    const known = keeping({ addresses: away })
    await known.settle()
    expect([known.phases().at(-1), asked]).toEqual(['online', 1])
    const unknown = keeping({ addresses: away, addressesOf: (_, given) => given })
    await unknown.settle()
    expect(unknown.states.at(-1)).toMatchObject({ phase: 'waiting', reason: { message: 'nobody answers' } })
    const other = keeping({ addresses: () => Promise.reject(new ToolmeshError('forbidden', 'another peer')) })
    await other.settle()
    expect(other.phases()).toEqual(['connecting', 'stopped'])
  })
})
