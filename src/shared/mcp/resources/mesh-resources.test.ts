import { beforeEach, describe, expect, it } from 'vitest'
import type { Principal } from '../../authority/principal.ts'
import { settle } from '../../queue/queue.fixture.ts'
import { alice, bob, MeshToolsFixture, OWN_PEER_ID, reader, self } from '../mesh-tools.fixture.ts'

let mesh: MeshToolsFixture

beforeEach(async () => {
  mesh = await MeshToolsFixture.open()
})

describe('the resources', () => {
  it('are listed by role and read', async () => {
    const uris = (principal: Principal) => mesh.surface.listResources(principal).map(({ uri }) => uri)
    expect(uris(reader)).toEqual([
      'mesh://overview',
      'mesh://peers',
      'mesh://tasks',
      'mesh://task-events',
      'mesh://schedules',
      'mesh://workflows',
      'mesh://tools',
    ])
    const forAll = [
      'mesh://tasks',
      'mesh://task-events',
      'mesh://schedules',
      'mesh://workflows',
      'mesh://tools',
    ]
    expect(uris(alice)).toEqual(forAll)
    expect(mesh.surface.listResourceTemplates(reader).map(({ uriTemplate }) => uriTemplate)).toEqual([
      'mesh://peers/{id}',
      'mesh://tasks/{id}',
      'mesh://task-events/{after}',
      'mesh://workflows/{id}',
      'mesh://workflow-events/{id}/{after}',
    ])
    expect(await mesh.surface.readResource('mesh://overview', reader)).toMatchObject({ name: 'node' })
    expect(await mesh.surface.readResource('mesh://peers', reader)).toEqual({ peers: [self] })
    expect(await mesh.surface.readResource(`mesh://peers/${OWN_PEER_ID}`, reader)).toEqual(self)
    expect(await mesh.surface.readResource('mesh://tools', alice)).toMatchObject({
      tools: [{ name: 'work', repeat: 'pure', platforms: ['node', 'browser'] }, {}, {}],
    })
    for (const uri of [
      'mesh://peers/nobody',
      'mesh://tasks/none',
      'mesh://tasks/%',
      'mesh://task-events/{after}',
      'mesh://task-events/-1',
      'mesh://task-events/x',
      'mesh://tasks/a/b',
      'mesh://workflows/none',
      'mesh://workflow-events/none',
      'mesh://workflow-events/none/0',
      'mesh://workflow-events/none/x',
      'mesh://workflow-events//0',
      'mesh://workflow-events/none/0/1',
      'mesh://x',
    ]) {
      await expect(mesh.surface.readResource(uri, reader)).rejects.toMatchObject({
        name: 'UnknownResourceError',
      })
    }
    await expect(mesh.surface.readResource('mesh://peers', alice)).rejects.toMatchObject({
      code: 'forbidden',
    })
  })

  it('show a submitter its own tasks', async () => {
    const mine = await mesh.submitted(alice)
    const other = await mesh.submitted(bob)
    expect(await mesh.surface.readResource('mesh://tasks', reader)).toMatchObject({
      counts: { queued: 2 },
      tasks: [{ task_id: other }, { task_id: mine }],
    })
    expect(await mesh.surface.readResource('mesh://tasks', alice)).toMatchObject({
      counts: { queued: 1 },
      tasks: [{ task_id: mine }],
    })
    expect(await mesh.surface.readResource(`mesh://tasks/${mine}`, alice)).toMatchObject({
      params: { n: 1 },
      attempts: [],
    })
    await expect(mesh.surface.readResource(`mesh://tasks/${other}`, alice)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('tell a submitter nothing of what others do', async () => {
    const heard: string[] = []
    const id = await mesh.submitted(bob)
    for (const [name, principal] of Object.entries({ alice, bob, reader })) {
      for (const uri of ['mesh://tasks', `mesh://tasks/${id}`]) {
        mesh.surface.subscribe(uri, principal, () => heard.push(name))
      }
    }
    await mesh.worker()
    await mesh.test.clock.advance(3000)
    expect(new Set(heard)).toEqual(new Set(['bob', 'reader']))
    await mesh.submitted(alice)
    expect(heard).toContain('alice')
  })

  it('tell a submitter of its own schedules, and a reader of all', async () => {
    const heard: string[] = []
    for (const [name, principal] of Object.entries({ alice, bob, reader })) {
      mesh.surface.subscribe('mesh://schedules', principal, () => heard.push(name))
    }
    const schedule = { name: 'often', cron: '* * * * *', task: { tool: 'work' } }
    await mesh.call('p2p_taskqueue_schedule', schedule, bob)
    expect(heard).toEqual(['bob', 'reader'])
    expect(await mesh.surface.readResource('mesh://schedules', alice)).toEqual({ schedules: [] })
    expect(await mesh.surface.readResource('mesh://schedules', bob)).toMatchObject({
      schedules: [{ name: 'often' }],
    })
    await mesh.test.clock.advance(60_000)
    await settle()
    expect(heard).toEqual(['bob', 'reader', 'bob', 'reader'])
  })

  it('tell of each change of a task, and of its progress while it runs', async () => {
    let all = 0
    let one = 0
    const id = await mesh.submitted()
    const stopAll = mesh.surface.subscribe('mesh://tasks', reader, () => (all += 1))
    const stopOne = mesh.surface.subscribe(`mesh://tasks/${id}`, reader, () => (one += 1))
    await mesh.test.clock.advance(3000)
    expect([all, one]).toEqual([0, 0])
    const taking = await mesh.worker()
    expect([all, one]).toEqual([1, 1])
    await mesh.test.clock.advance(2100)
    expect([all, one]).toEqual([3, 3])
    taking.calls[0]?.end({ state: 'succeeded', result: {} })
    await settle()
    await mesh.test.clock.advance(5000)
    expect([all, one]).toEqual([4, 4])
    await mesh.submitted()
    expect([all, one]).toEqual([5, 4])
    stopAll()
    stopOne()
  })
})
