import { beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../../queue/queue.fixture.ts'
import { admin, alice, MeshToolsFixture, OWN_PEER_ID, reader } from '../mesh-tools.fixture.ts'
import { principalWith } from '../text-tools.fixture.ts'

/** The worker `peer-w` as its session speaks here. */
const worker = principalWith('peer:peer-w', 'work')

let mesh: MeshToolsFixture

beforeEach(async () => {
  mesh = await MeshToolsFixture.open()
})

describe('worker_stats', () => {
  it('says what each worker runs and has run', async () => {
    const taking = await mesh.worker('peer-w', 2, ['kind:tab', 'gpu'])
    await mesh.worker('peer-v', 1)
    expect(await mesh.call('p2p_taskqueue_worker_stats', {}, reader)).toMatchObject({
      workers: [{ peer_id: 'peer-w' }, { peer_id: 'peer-v' }],
    })
    await mesh.submitted(alice, { requires: ['gpu'] })
    await mesh.submitted(alice, { requires: ['gpu'] })
    await settle()
    await mesh.test.clock.advance(40)
    taking.calls[0]?.end({ state: 'succeeded', result: {} })
    await settle()
    const { workers } = await mesh.call('p2p_taskqueue_worker_stats', { peer_id: 'peer-w' }, reader)
    expect(workers).toEqual([
      {
        peer_id: 'peer-w',
        labels: ['gpu', 'kind:tab'],
        tools: 3,
        since: expect.stringMatching(/Z$/),
        running: 1,
        credits: 2,
        succeeded: 1,
        failed: 0,
        lost: 0,
        mean_ms: expect.any(Number),
        p50_ms: expect.any(Number),
        p99_ms: expect.any(Number),
      },
    ])
    const unknown = { peer_id: 'nobody' }
    expect(await mesh.call('p2p_taskqueue_worker_stats', unknown, reader)).toMatchObject({
      code: 'not_found',
      field: '/peer_id',
    })
  })
})

describe('discover_peers', () => {
  it('says who could run a task, who has room, and what the others lack', async () => {
    await mesh.worker('peer-w', 2, ['gpu'])
    await mesh.worker('peer-v', 4)
    const discover = (input: Record<string, string | string[]>) =>
      mesh.call('p2p_taskqueue_discover_peers', input, reader)
    expect(await discover({})).toMatchObject({
      peers: [
        { peer_id: 'peer-v', able: true, free: 4, lacks: [] },
        { peer_id: 'peer-w', able: true, free: 2 },
      ],
      free: 6,
      paused: false,
    })
    expect(await discover({ tool: 'work', requires: ['gpu', 'kind:tab'] })).toMatchObject({
      peers: [
        { peer_id: 'peer-v', able: false, lacks: ['the label gpu', 'the label kind:tab'] },
        { peer_id: 'peer-w', able: false, lacks: ['the label kind:tab'] },
      ],
      free: 0,
    })
    expect(await discover({ target: 'peer-w' })).toMatchObject({
      peers: [
        { peer_id: 'peer-w', able: true },
        { peer_id: 'peer-v', lacks: ['is not the target peer-w'] },
      ],
      free: 2,
    })
    await mesh.call('p2p_taskqueue_pause', { category: 'test' })
    expect(await discover({ tool: 'work' })).toMatchObject({ paused: true })
    expect(await discover({ tool: 'nope' })).toMatchObject({ code: 'invalid_input', field: '/tool' })
  })
})

describe('announce', () => {
  it('speaks over a session for the calling peer, which has announced itself', async () => {
    const announce = (input: { credits?: number; labels?: string[] }) =>
      mesh.call('p2p_taskqueue_announce', input, worker)
    expect(await announce({ credits: 1 })).toMatchObject({ code: 'not_found' })
    await mesh.worker('peer-w', 2, ['kind:tab', 'old'])
    expect(await announce({})).toEqual({
      peer_id: 'peer-w',
      credits: 2,
      labels: ['kind:tab', 'old'],
      lease_ms: 30_000,
    })
    expect(await announce({ labels: ['gpu'], credits: 1 })).toMatchObject({ credits: 1 })
    const { workers } = await mesh.call('p2p_taskqueue_worker_stats', {})
    expect(workers).toMatchObject([{ peer_id: 'peer-w', credits: 1, labels: ['gpu', 'kind:tab'] }])
    expect(await announce({ labels: ['ok', 'kind:node'] })).toMatchObject({ field: '/labels/1' })
    expect(await announce({ credits: -1 })).toMatchObject({ field: '/credits' })
  })

  it('gives work to the worker by its new labels and credits', async () => {
    const taking = await mesh.worker('peer-w', 1)
    await mesh.submitted(alice, { requires: ['gpu'] })
    await settle()
    expect(taking.calls).toHaveLength(0)
    await mesh.call('p2p_taskqueue_announce', { labels: ['gpu'] }, worker)
    await settle()
    expect(taking.calls).toHaveLength(1)
  })

  it('speaks for this node where there is no session, and that only for admins', async () => {
    await mesh.worker(OWN_PEER_ID, 3)
    expect(await mesh.call('p2p_taskqueue_announce', { credits: 2 }, admin)).toMatchObject({
      peer_id: OWN_PEER_ID,
      credits: 2,
    })
    const token = principalWith('token:w', 'work', 'read', 'submit')
    for (const name of ['p2p_taskqueue_announce', 'p2p_taskqueue_heartbeat']) {
      await expect(mesh.answer(name, {}, token)).rejects.toMatchObject({ code: 'forbidden' })
    }
  })
})

describe('heartbeat', () => {
  it('renews the leases of the calling peer, and says which are no longer its own', async () => {
    const [first, second] = [await mesh.submitted(), await mesh.submitted()]
    const taking = await mesh.worker('peer-w', 2)
    // It does not answer the question of its owner: only its own heartbeats keep the leases.
    taking.live = () => []
    const beat = (leases?: { task_id: string; fence: number }[]) =>
      mesh.call('p2p_taskqueue_heartbeat', leases === undefined ? {} : { leases }, worker)
    for (let beats = 0; beats < 3; beats++) {
      await mesh.test.clock.advance(20_000)
      await beat()
    }
    expect(taking.calls).toHaveLength(2)
    await mesh.call('p2p_taskqueue_cancel', { task_id: first }, alice)
    const leases = [
      { task_id: first, fence: 1 },
      { task_id: second, fence: 1 },
      { task_id: 'gone', fence: 1 },
    ]
    expect(await beat(leases)).toEqual({
      peer_id: 'peer-w',
      leases: [{ task_id: second, fence: 1 }],
      ended: [
        { task_id: first, fence: 1 },
        { task_id: 'gone', fence: 1 },
      ],
      lease_ms: 30_000,
    })
    const other = principalWith('peer:peer-v', 'work')
    const others = await mesh.call('p2p_taskqueue_heartbeat', { leases }, other)
    expect(others).toMatchObject({ peer_id: 'peer-v', leases: [] })
    expect(await mesh.call('p2p_taskqueue_heartbeat', { leases: [{ task_id: 'x' }] }, worker)).toMatchObject({
      field: '/leases/0/fence',
    })
  })

  it('says for an admin what runs on this node', async () => {
    const task_id = await mesh.submitted()
    await mesh.worker(OWN_PEER_ID)
    expect(await mesh.call('p2p_taskqueue_heartbeat', {}, admin)).toMatchObject({
      peer_id: OWN_PEER_ID,
      leases: [{ task_id, fence: 1 }],
      ended: [],
    })
  })
})
