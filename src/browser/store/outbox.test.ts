import 'fake-indexeddb/auto'
import { createStore, set } from 'idb-keyval'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../shared/clock.ts'
import type { OutboxEntry } from '../../shared/queue/worker/outbox.ts'
import { IndexedDbOutbox } from './outbox.ts'

let slots = 0

/** A slot of its own for each test, as the database outlives an outbox. */
function makeSlot() {
  slots += 1
  const slot = slots
  const clock = new ManualClock()
  const sizes: number[] = []
  const open = () => IndexedDbOutbox.open(slot, clock, size => sizes.push(size))
  return { open, sizes, store: () => createStore(`toolmesh-peer-${slot}-outbox`, 'keyval') }
}

function entry(task_id: string, owner = 'owner'): OutboxEntry {
  return {
    owner,
    task_id,
    fence: 1,
    instance_id: 'i',
    outcome: { state: 'succeeded', result: { of: task_id } },
  }
}

describe('IndexedDbOutbox', () => {
  it('keeps entries for the next tab that takes the slot, oldest first', async () => {
    const { open, sizes } = makeSlot()
    const first = await open()
    for (const id of ['z', 'a', 'm']) await first.put(entry(id))
    const second = await open()
    expect(await second.list('owner', 10)).toEqual([entry('z'), entry('a'), entry('m')])
    expect(await second.list('owner', 2)).toEqual([entry('z'), entry('a')])
    expect(sizes).toEqual([0, 1, 2, 3, 3])
  })

  it('gives each owner its own', async () => {
    const outbox = await makeSlot().open()
    await outbox.put(entry('a', 'one'))
    await outbox.put(entry('b', 'two'))
    expect(await outbox.list('two', 10)).toEqual([entry('b', 'two')])
  })

  it('forgets what was confirmed, and nothing else', async () => {
    const { open } = makeSlot()
    const outbox = await open()
    await outbox.put(entry('a'))
    await outbox.put(entry('b'))
    await outbox.delete('owner', [{ task_id: 'a', fence: 1 }])
    await outbox.delete('owner', [{ task_id: 'b', fence: 2 }])
    expect(await (await open()).list('owner', 10)).toEqual([entry('b')])
  })

  it('replaces an entry of the same task and fence', async () => {
    const outbox = await makeSlot().open()
    await outbox.put(entry('a'))
    const failed: OutboxEntry = {
      ...entry('a'),
      outcome: { state: 'failed', error: { code: 'tool_failed', message: 'no', retryable: true } },
    }
    await outbox.put(failed)
    expect(await outbox.list('owner', 10)).toEqual([failed])
  })

  it('writes what one tick puts together, the later of two on one lease', async () => {
    const { open, sizes } = makeSlot()
    const outbox = await open()
    const later: OutboxEntry = { ...entry('a'), outcome: { state: 'succeeded', result: { of: 'later' } } }
    await Promise.all([outbox.put(entry('a')), outbox.put(entry('b')), outbox.put(later)])
    expect(await (await open()).list('owner', 10)).toEqual([later, entry('b')])
    expect(sizes).toEqual([0, 2, 2])
    await outbox.delete('owner', [
      { task_id: 'a', fence: 1 },
      { task_id: 'b', fence: 1 },
    ])
    expect(await (await open()).list('owner', 10)).toEqual([])
  })

  it('drops an entry that it cannot read, and keeps the others', async () => {
    const { open, store } = makeSlot()
    await (await open()).put(entry('a'))
    await set(['owner', 1, 'damaged', 1], { of: 'an older version' }, store())
    await set('no such key', 1, store())
    const outbox = await open()
    expect(await outbox.list('owner', 10)).toEqual([entry('a')])
    expect(await outbox.list('owner', 10)).toEqual([entry('a')])
  })
})
