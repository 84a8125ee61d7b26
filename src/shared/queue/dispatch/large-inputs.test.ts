import { describe, expect, it } from 'vitest'
import { LargeInputs } from './large-inputs.ts'

const never = new AbortController().signal

/** Whether a promise has resolved, once what is under way has come to rest. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.then(() => {
    settled = true
  })
  await new Promise(resolve => setTimeout(resolve, 0))
  return settled
}

describe('large inputs', () => {
  it('wait while there is no room, and come in the order in which they asked', async () => {
    const inputs = new LargeInputs(10)
    const first = await inputs.take(6, never)
    const second = inputs.take(6, never)
    const third = inputs.take(1, never)
    expect([await isSettled(second), await isSettled(third)]).toEqual([false, false])
    first?.()
    expect([await isSettled(second), await isSettled(third)]).toEqual([true, true])
  })

  it('that are larger than all the room go alone', async () => {
    const inputs = new LargeInputs(10)
    const small = await inputs.take(1, never)
    const large = inputs.take(50, never)
    expect(await isSettled(large)).toBe(false)
    small?.()
    expect(await isSettled(large)).toBe(true)
    expect(await isSettled(inputs.take(1, never))).toBe(false)
  })

  it('leave their place when they are given up', async () => {
    const inputs = new LargeInputs(10)
    const first = await inputs.take(10, never)
    const abort = new AbortController()
    const second = inputs.take(10, abort.signal)
    const third = inputs.take(10, never)
    abort.abort()
    expect(await second).toBeUndefined()
    first?.()
    expect(await isSettled(third)).toBe(true)
    expect(await inputs.take(1, abort.signal)).toBeUndefined()
  })
})
