import { describe, expect, it } from 'vitest'
import { MemoryOutbox, type OutboxEntry } from './outbox.ts'

function entry(task_id: string, owner = 'owner'): OutboxEntry {
  return { owner, task_id, fence: 1, instance_id: 'i', outcome: { state: 'succeeded', result: task_id } }
}

describe('MemoryOutbox', () => {
  it('gives each owner its own, oldest first, and forgets what was confirmed', async () => {
    const outbox = new MemoryOutbox()
    for (const id of ['z', 'a', 'm']) outbox.put(entry(id))
    outbox.put(entry('other', 'another'))
    expect(await outbox.list('owner', 2)).toEqual([entry('z'), entry('a')])
    outbox.delete('owner', [
      { task_id: 'z', fence: 1 },
      { task_id: 'a', fence: 2 },
    ])
    expect(await outbox.list('owner', 9)).toEqual([entry('a'), entry('m')])
    expect(await outbox.list('another', 9)).toEqual([entry('other', 'another')])
  })

  it('drops the oldest of the owner that lets most of them wait when there are too many', async () => {
    const outbox = new MemoryOutbox(3)
    outbox.put(entry('first', 'another'))
    for (const id of ['a', 'b', 'c', 'd']) outbox.put(entry(id))
    expect(await outbox.list('another', 9)).toEqual([entry('first', 'another')])
    expect(await outbox.list('owner', 9)).toEqual([entry('c'), entry('d')])
  })
})
