import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../shared/clock.ts'
import { silentLogger } from '../../shared/logger.ts'
import { RuntimeLostError } from '../../shared/router/errors.ts'
import { probeCall } from '../../shared/router/fixtures/probe-descriptor.ts'
import { describeRuntime } from '../../shared/router/runtime.compliance.ts'
import type { WorkerPool, WorkerPoolLimits } from '../../shared/router/worker-pool.ts'
import { threadPool } from './thread-pool.ts'

const root = fileURLToPath(new URL('../../shared/router/fixtures', import.meta.url))

function makePool(limits: Partial<WorkerPoolLimits> = {}, heapMb = 64): WorkerPool {
  const options = { root, capacity: 2, clock: systemClock, logger: silentLogger, heapMb }
  return threadPool({ ...options, limits: { graceMs: 50, ...limits } })
}

describeRuntime('threadPool', makePool)

describe('threadPool', () => {
  let pool: WorkerPool
  afterEach(() => pool.close())

  it('ends a thread that spins, and runs the next call in a new one', async () => {
    pool = makePool()
    await expect(pool.run(probeCall({ do: 'spin' }, { timeoutMs: 50 }))).rejects.toMatchObject({
      code: 'timed_out',
    })
    expect(await pool.run(probeCall({ do: 'echo', text: 'on' }))).toEqual({ text: 'on' })
  })

  it('reports a crashed thread as lost, and goes on', async () => {
    pool = makePool()
    await expect(pool.run(probeCall({ do: 'crash' }))).rejects.toBeInstanceOf(RuntimeLostError)
    expect(await pool.run(probeCall({ do: 'echo', text: 'on' }))).toEqual({ text: 'on' })
  })

  it('says which module it could not load', async () => {
    pool = makePool()
    const call = probeCall({})
    const run = pool.run({ ...call, tool: { ...call.tool, module: 'probe/none.ts' } })
    await expect(run).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('probe/none.ts'),
    })
  })

  it('ends threads that have been idle', async () => {
    const logger = vi.fn()
    pool = threadPool({ root, capacity: 1, clock: systemClock, logger, limits: { idleMs: 10 } })
    await pool.run(probeCall({ do: 'echo' }))
    await vi.waitFor(() =>
      expect(logger).toHaveBeenCalledWith('debug', 'worker ended', { pool: 'threads', why: 'idle' }),
    )
  })
})
