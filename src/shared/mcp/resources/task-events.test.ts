import { beforeEach, describe, expect, it } from 'vitest'
import type { Principal } from '../../authority/principal.ts'
import { settle } from '../../queue/queue.fixture.ts'
import { alice, bob, MeshToolsFixture, reader } from '../mesh-tools.fixture.ts'
import type { TaskEventsView } from '../views.ts'

let mesh: MeshToolsFixture

beforeEach(async () => {
  mesh = await MeshToolsFixture.open()
})

async function read(uri: string, principal: Principal = reader): Promise<TaskEventsView> {
  return JSON.parse(JSON.stringify(await mesh.surface.readResource(uri, principal)))
}

describe('the events of tasks', () => {
  it('are each change in order, from a position', async () => {
    const task_id = await mesh.submitted()
    const taking = await mesh.worker()
    taking.calls[0]?.end({ state: 'succeeded', result: {} })
    await settle()
    const newest = await read('mesh://task-events')
    expect(newest).toMatchObject({
      events: [
        { seq: 1, task_id, state: 'queued', tool: 'work', fence: 0, at: expect.stringMatching(/Z$/) },
        { seq: 2, task_id, state: 'running', peer_id: 'peer-w', fence: 1 },
        { seq: 3, task_id, state: 'succeeded', peer_id: 'peer-w', fence: 1 },
      ],
      next: 3,
      last: 3,
      oldest: 1,
    })
    expect(newest.events[0]).not.toHaveProperty('principal')
    expect((await read('mesh://task-events/2')).events).toEqual([newest.events[2]])
    expect(await read('mesh://task-events/3')).toMatchObject({ events: [], next: 3, last: 3 })
  })

  it('come in pages of a thousand, and the newest hundred by themselves', async () => {
    for (let batch = 0; batch < 2; batch++) {
      await mesh.call('p2p_taskqueue_submit', {
        tasks: Array.from({ length: 600 }, () => ({ tool: 'work' })),
      })
    }
    const first = await read('mesh://task-events/0')
    expect(first).toMatchObject({ next: 1000, last: 1200 })
    expect(first.events).toHaveLength(1000)
    const rest = await read(`mesh://task-events/${first.next}`)
    expect([rest.events.length, rest.next]).toEqual([200, 1200])
    const newest = await read('mesh://task-events')
    expect(newest.events.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 100 }, (_, index) => 1101 + index),
    )
  })

  it('are to a submitter only those of its own tasks, while its position goes on', async () => {
    const mine = await mesh.submitted(alice)
    await mesh.submitted(bob)
    await mesh.submitted(bob)
    expect(await read('mesh://task-events/0', alice)).toMatchObject({
      events: [{ task_id: mine }],
      next: 3,
      last: 3,
    })
    expect((await read('mesh://task-events', alice)).events).toHaveLength(1)
    expect((await read('mesh://task-events', reader)).events).toHaveLength(3)
  })

  it('tell who watches that there are more, and a submitter only of its own', async () => {
    const heard: string[] = []
    for (const [name, principal] of Object.entries({ alice, reader })) {
      mesh.surface.subscribe('mesh://task-events', principal, () => heard.push(name))
    }
    await mesh.submitted(bob)
    expect(heard).toEqual(['reader'])
    await mesh.test.clock.advance(1000)
    await mesh.submitted(alice)
    expect(heard).toEqual(['reader', 'alice', 'reader'])
  })
})
