import { describe, expect, it } from 'vitest'
import { TestContext, tryTool } from '../try-tool.node.ts'
import timeWait from './time_wait.ts'

describe('time_wait', () => {
  it('answers after the time, never before, and reports how far it is', async () => {
    const context = new TestContext()
    const start = performance.now()
    expect(await tryTool(timeWait, { ms: 600 }, context)).toEqual({ ms: 600 })
    expect(performance.now() - start).toBeGreaterThanOrEqual(599)
    expect(context.progressed.length).toBeGreaterThanOrEqual(2)
    expect(context.progressed.at(-1)).toEqual({ done: 600, total: 600 })
  })

  it('answers at once for no time', async () => {
    expect(await tryTool(timeWait, { ms: 0 })).toEqual({ ms: 0 })
  })

  it('ends at once when it is cancelled', async () => {
    const context = new TestContext()
    const waiting = tryTool(timeWait, { ms: 3_600_000 }, context)
    context.controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  })

  it.each([-1, 3_600_001, 0.5, '10'])('refuses %j', async ms => {
    await expect(tryTool(timeWait, { ms: ms as number })).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/ms' },
    })
  })
})
