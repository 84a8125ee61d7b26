import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { Race, SUPERSEDED } from './race.ts'

const LIMITS = { staggerMs: 250, lastResortMs: 1000, atOnce: 3 }

/** A race of names; one that begins with `relay` is a last resort. The test says how each goes on. */
function racing(
  names: string[],
  options: { atOnce?: number; finish?: (name: string) => Promise<string> } = {},
) {
  const clock = new ManualClock()
  const control = new AbortController()
  const begun: string[] = []
  const aborted: string[] = []
  const discarded: string[] = []
  const made = new Map<string, PromiseWithResolvers<string>>()
  const race = new Race<string, string, string>(names, {
    clock,
    limits: { ...LIMITS, atOnce: options.atOnce ?? LIMITS.atOnce },
    signal: control.signal,
    isLastResort: name => name.startsWith('relay'),
    begin(name, signal) {
      begun.push(name)
      const making = Promise.withResolvers<string>()
      made.set(name, making)
      signal.addEventListener('abort', () => {
        aborted.push(`${name}: ${signal.reason === SUPERSEDED ? 'superseded' : 'given up'}`)
        making.reject(signal.reason)
      })
      return making.promise
    },
    finish: options.finish ?? (async name => `won by ${name}`),
    discard: name => discarded.push(name),
  })
  const result = race.run()
  result.catch(() => {})
  const succeed = (name: string) => made.get(name)?.resolve(name)
  const fail = (name: string) => made.get(name)?.reject(new Error(name))
  return {
    race,
    result,
    clock,
    control,
    begun,
    aborted,
    discarded,
    succeed,
    fail,
    settle: () => clock.advance(0),
  }
}

describe('a race', () => {
  it('starts one after the other, a moment apart, and aborts the others when one has won', async () => {
    const { result, clock, begun, aborted, succeed } = racing(['a', 'b', 'c'])
    expect(begun).toEqual(['a'])
    await clock.advance(249)
    expect(begun).toEqual(['a'])
    await clock.advance(1)
    expect(begun).toEqual(['a', 'b'])
    succeed('b')
    expect(await result).toBe('won by b')
    await clock.advance(1000)
    expect([begun, aborted]).toEqual([['a', 'b'], ['a: superseded']])
  })

  it('starts the next at once when one has failed, and ends with nothing when all have', async () => {
    const { result, begun, fail, settle } = racing(['a', 'b'])
    fail('a')
    await settle()
    expect(begun).toEqual(['a', 'b'])
    fail('b')
    expect(await result).toBeUndefined()
    expect(await racing([]).result).toBeUndefined()
  })

  it('has few at once', async () => {
    const { clock, begun, fail } = racing(['a', 'b', 'c'], { atOnce: 2 })
    await clock.advance(5000)
    expect(begun).toEqual(['a', 'b'])
    fail('a')
    await clock.advance(0)
    expect(begun).toEqual(['a', 'b', 'c'])
  })

  it('keeps a last resort waiting for longer, but not when nothing else is left', async () => {
    const patient = racing(['a', 'b', 'relay'])
    patient.fail('a')
    await patient.settle()
    await patient.clock.advance(999)
    expect(patient.begun).toEqual(['a', 'b'])
    await patient.clock.advance(1)
    expect(patient.begun).toEqual(['a', 'b', 'relay'])
    const alone = racing(['a', 'relay'])
    alone.fail('a')
    await alone.settle()
    expect(alone.begun).toEqual(['a', 'relay'])
  })

  it('starts a last resort whose time came while there was no room', async () => {
    const { clock, begun, fail } = racing(['a', 'b', 'relay'], { atOnce: 2 })
    await clock.advance(2000)
    expect(begun).toEqual(['a', 'b'])
    fail('a')
    await clock.advance(0)
    expect(begun).toEqual(['a', 'b', 'relay'])
  })

  it('lets one finish at a time, and the next when that fails', async () => {
    const finishing: string[] = []
    const ends = new Map<string, PromiseWithResolvers<string>>()
    const { result, clock, succeed, discarded, settle } = racing(['a', 'b', 'c'], {
      finish(name) {
        finishing.push(name)
        const end = Promise.withResolvers<string>()
        ends.set(name, end)
        return end.promise
      },
    })
    await clock.advance(500)
    for (const name of ['b', 'a', 'c']) succeed(name)
    await settle()
    expect(finishing).toEqual(['b'])
    ends.get('b')?.reject(new Error('no session'))
    await settle()
    expect([finishing, discarded]).toEqual([['b', 'a'], ['b']])
    ends.get('a')?.resolve('by a')
    expect(await result).toBe('by a')
    await settle()
    expect(discarded).toEqual(['b', 'c'])
  })

  it('takes more on the way, which are next', async () => {
    const { race, clock, begun } = racing(['a', 'z'])
    race.add(['b', 'c'])
    await clock.advance(500)
    expect(begun).toEqual(['a', 'b', 'c'])
  })

  it('ends with its signal, and gives back what comes too late', async () => {
    const { result, control, clock, begun, aborted, discarded, succeed, settle } = racing(['a', 'b'])
    succeed('a')
    control.abort(new Error('given up'))
    await expect(result).rejects.toThrow('given up')
    await settle()
    await clock.advance(1000)
    expect([begun, aborted, discarded]).toEqual([['a'], ['a: given up'], ['a']])
  })
})
