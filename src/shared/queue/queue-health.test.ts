import { describe, expect, it } from 'vitest'
import { BreakableStore, done, idOf, openTestQueue, settle, TestWorker, work } from './queue.fixture.ts'

describe('a store that cannot take changes', () => {
  it('refuses a submit as a whole, and what has happened is kept until it can be written', async () => {
    const store = new BreakableStore()
    const { queue, clock } = await openTestQueue({ store })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const receipts = await queue.submit('alice', [work(1), work(2)])
    await settle()
    store.broken = true
    await expect(queue.submit('alice', [work(3)])).rejects.toMatchObject({ code: 'unavailable' })
    expect(queue.failure).toMatch(/disk full/)
    worker.calls[0]!.end(done)
    await settle()
    expect(queue.failure).toMatch(/disk full/)
    await clock.advance(3_000)
    expect((await queue.get(idOf(receipts[0]))).state).toBe('running')
    expect(await queue.status()).toMatchObject({
      state: 'degraded',
      failure: expect.stringMatching(/disk full/),
    })
    store.broken = false
    await clock.advance(4_000)
    expect(queue.failure).toBeUndefined()
    expect((await queue.get(idOf(receipts[0]))).state).toBe('succeeded')
    expect(worker.calls[0]!.assignment.lease.task_id).toBe(idOf(receipts[1]))
  })

  it('that has ended for good is told as the failure of the queue', async () => {
    const { queue, store } = await openTestQueue()
    expect(queue.failure).toBeUndefined()
    await store.close()
    expect(queue.failure).toMatch(/closed/)
  })

  it('refuses every change with why, and reads go on', async () => {
    const store = new BreakableStore()
    const { queue, clock } = await openTestQueue({ store })
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    store.broken = true
    await expect(queue.cancel(id, 'no need')).rejects.toMatchObject({ code: 'unavailable' })
    const refused = { code: 'unavailable', message: expect.stringMatching(/disk full/) }
    await expect(queue.submit('alice', [work(2)])).rejects.toMatchObject(refused)
    await expect(queue.update(id, { priority: 9 })).rejects.toMatchObject(refused)
    await expect(queue.pause({})).rejects.toMatchObject(refused)
    await expect(queue.complete('w1', [])).rejects.toMatchObject(refused)
    expect((await queue.get(id)).state).toBe('queued')
    store.broken = false
    await clock.advance(1_000)
    expect(await queue.cancel(id, 'no need')).toMatchObject({ state: 'cancelled' })
  })

  it('leases nothing meanwhile, and everything goes on when it is well', async () => {
    const store = new BreakableStore()
    const { queue, clock } = await openTestQueue({ store })
    const told: (string | undefined)[] = []
    queue.onHealth(failure => told.push(failure))
    await queue.submit('alice', [work(1), work(2), work(3, { delay_ms: 2_000 })])
    store.broken = true
    await expect(queue.submit('alice', [work(4)])).rejects.toMatchObject({ code: 'unavailable' })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(5))
    expect(await queue.claim(worker, 5)).toEqual([])
    await clock.advance(20_000)
    expect(worker.calls).toHaveLength(0)
    store.broken = false
    await clock.advance(10_000)
    await settle()
    expect(worker.calls.map(call => call.assignment.input)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect(told).toEqual([expect.stringMatching(/disk full/), undefined])
  })

  it('answers a claim that met its failure with nothing, and gives back what it granted in the end', async () => {
    const store = new BreakableStore()
    const { queue, clock } = await openTestQueue({ store })
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(0))
    store.broken = true
    expect(await queue.claim(worker, 1)).toEqual([])
    store.broken = false
    await clock.advance(1_000)
    expect((await queue.head(id)).attempts).toMatchObject([{ state: 'released' }])
    expect(queue.workers()).toMatchObject([{ running: 0 }])
    expect(await queue.claim(worker, 1)).toHaveLength(1)
  })

  it('does not hold up the end of the queue', async () => {
    const store = new BreakableStore()
    const { queue } = await openTestQueue({ store })
    const worker = new TestWorker('w1')
    queue.announce(worker, worker.announcement(1))
    const id = idOf((await queue.submit('alice', [work(1)]))[0])
    await settle()
    store.broken = true
    worker.calls[0]!.end(done)
    await settle()
    await queue.close()
    expect((await store.head(id))?.state).toBe('running')
    expect(worker.settledLeases).toEqual([])
  })
})
