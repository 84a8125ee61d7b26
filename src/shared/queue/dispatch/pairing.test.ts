import { describe, expect, it } from 'vitest'
import { settle, TestWorker } from '../queue.fixture.ts'
import { Pairing } from './pairing.ts'
import { WorkerRoster } from './worker-roster.ts'
import { WorkerSlot } from './worker-slot.ts'

/** Workers with credits, of which the first `able` can run what waits. */
function underTest({ workers, able, credits }: { workers: number; able: number; credits: number }) {
  const roster = new WorkerRoster()
  const slots = Array.from({ length: workers }, (_, index) => {
    const worker = new TestWorker(`w${index}`)
    const slot = new WorkerSlot(worker, 0)
    slot.update(worker.announcement(credits), credits)
    roster.add(slot)
    roster.changed(slot)
    return slot
  })
  const ableOnes = new Set(slots.slice(0, able))
  const served: string[] = []
  let waiting = 0
  let asked = 0
  const pairing = new Pairing({
    roster,
    waiting: {
      take: slot => {
        asked += 1
        if (waiting === 0 || !ableOnes.has(slot)) return undefined
        waiting -= 1
        return { task_id: 't', lane: 'l', order: 1, at: 0 }
      },
      readyFor: () => waiting,
    },
    rests: () => false,
    lease: (_, slot) => {
      slot.running += 1
      roster.changed(slot)
      served.push(slot.peer_id)
    },
  })
  const arrive = async (tasks: number) => {
    waiting += tasks
    asked = 0
    pairing.woke(ableOnes)
    await settle()
    return asked
  }
  return { arrive, served, slots, roster, pairing }
}

describe('pairing', () => {
  it('serves workers in turn, over several arrivals too', async () => {
    const { arrive, served } = underTest({ workers: 3, able: 3, credits: 2 })
    await arrive(2)
    await arrive(3)
    expect(served).toEqual(['w0', 'w1', 'w2', 'w0', 'w1'])
  })

  it('gives nothing to workers that cannot run it, whichever are more', async () => {
    for (const [workers, able] of [
      [100, 2],
      [3, 3],
    ] as const) {
      const { arrive, served } = underTest({ workers, able, credits: 2 })
      await arrive(10)
      expect(served).toHaveLength(able * 2)
      expect(new Set(served).size).toBe(able)
    }
  })

  it('asks no more workers than there are tasks', async () => {
    const { arrive } = underTest({ workers: 1_000, able: 1_000, credits: 1 })
    expect(await arrive(1)).toBe(2)
    expect(await arrive(5)).toBe(6)
  })

  it('asks nobody while all are busy, and whose credit comes free then', async () => {
    const { arrive, served, slots, roster, pairing } = underTest({ workers: 50, able: 50, credits: 1 })
    await arrive(50)
    expect(await arrive(3)).toBe(0)
    const [slot] = slots
    slot!.running -= 1
    roster.changed(slot!)
    pairing.freed(slot!)
    await settle()
    expect(served.slice(50)).toEqual(['w0'])
  })
})
