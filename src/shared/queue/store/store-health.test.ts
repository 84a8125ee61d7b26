import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { StoreUnavailableError } from '../errors.ts'
import { StoreHealth } from './store-health.ts'

function underTest() {
  const clock = new ManualClock()
  const store = {
    failure: undefined as string | undefined,
    broken: true,
    tries: [] as number[],
    async check() {
      store.tries.push(clock.now())
      if (store.broken) throw new StoreUnavailableError('disk full')
    },
  }
  const health = new StoreHealth({ store, clock, logger: silentLogger })
  const told: (string | undefined)[] = []
  health.onHealth(failure => told.push(failure))
  return { clock, store, health, told }
}

describe('the health of a store', () => {
  it('is bad after a failed change, and good again when a small write works', async () => {
    const { clock, store, health, told } = underTest()
    const began = clock.now()
    expect(await health.healthy()).toBe(true)
    health.failed(new StoreUnavailableError('disk full'))
    health.failed(new StoreUnavailableError('disk full'))
    expect(health.failure).toBe('task store: disk full')
    expect(() => health.ensureWell()).toThrow(/disk full/)
    const waiting = health.healthy()
    await clock.advance(40_000)
    expect(store.tries.map(at => at - began)).toEqual([1_000, 3_000, 7_000, 15_000, 25_000, 35_000])
    store.broken = false
    await clock.advance(10_000)
    expect(await waiting).toBe(true)
    expect(health.failure).toBeUndefined()
    expect(told).toEqual(['task store: disk full', undefined])
    await clock.advance(100_000)
    expect(store.tries).toHaveLength(7)
  })

  it('lets nobody wait once closed', async () => {
    const { clock, store, health } = underTest()
    health.failed(new Error('gone'))
    const waiting = health.healthy()
    health.close()
    expect(await waiting).toBe(false)
    expect(await health.healthy()).toBe(false)
    await clock.advance(10_000)
    expect(store.tries).toEqual([])
  })

  it('tells of a store that has ended for good', () => {
    const { store, health } = underTest()
    store.failure = 'its thread has ended'
    expect(health.failure).toBe('its thread has ended')
  })
})
