import { afterEach, describe, expect, it } from 'vitest'
import type { Principal } from '../../authority/principal.ts'
import { silentLogger } from '../../logger.ts'
import { settle, TEST_TOOLS, TestWorker } from '../../queue/queue.fixture.ts'
import { AttemptRunner } from '../../queue/worker/attempt-runner.ts'
import { MemoryOutbox } from '../../queue/worker/outbox.ts'
import type { JsonObject } from '../../tools/tool.ts'
import { openPeerEndpoint } from '../endpoint/peer-endpoint.ts'
import { sessionPair } from '../endpoint/session-pair.fixture.ts'
import { alice, MeshToolsFixture } from '../mesh-tools.fixture.ts'
import { principalWith } from '../text-tools.fixture.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A peer of these roles with a session to a node, and how it calls the node's tools. */
async function peerOf(principal: Principal) {
  const mesh = await MeshToolsFixture.open()
  const { dialled, accepted } = sessionPair('peer-w', 'node')
  const { surface, test } = mesh
  const common = { surface, logger: silentLogger }
  openPeerEndpoint({
    ...common,
    session: accepted,
    authority: { principalOfPeer: () => principal },
    owner: test.queue,
  })
  const peer = openPeerEndpoint({
    ...common,
    session: dialled,
    authority: { principalOfPeer: () => undefined },
    worker: busyWorker(mesh),
  })
  closers.push(() => peer.close())
  await peer.ready
  const call = async (name: string, input: JsonObject = {}) =>
    (await peer.client.callTool({ name, arguments: input })).structuredContent
  return { mesh, peer, call }
}

/** Runs what it is given and never ends it. */
function busyWorker(mesh: MeshToolsFixture): AttemptRunner {
  return new AttemptRunner({
    instanceId: 'peer-w-run',
    execute: () => new Promise(() => {}),
    hasNotRun: () => false,
    outbox: new MemoryOutbox(),
    clock: mesh.test.clock,
    catalogue: TEST_TOOLS,
    capacity: 4,
  })
}

describe('over a session', () => {
  it('a worker announces what it offers and renews its own leases, and may call nothing else', async () => {
    const { mesh, peer, call } = await peerOf(principalWith('peer:peer-w', 'work'))
    expect(await call('p2p_taskqueue_announce', { credits: 1 })).toMatchObject({ code: 'not_found' })
    await peer.announce(new TestWorker('peer-w').announcement(2, ['kind:tab']))
    expect(await call('p2p_taskqueue_announce', { labels: ['gpu'] })).toMatchObject({
      peer_id: 'peer-w',
      credits: 2,
      labels: ['kind:tab', 'gpu'],
    })
    const task_id = await mesh.submitted(alice, { requires: ['gpu'] })
    await settle()
    expect(await call('p2p_taskqueue_heartbeat')).toMatchObject({
      peer_id: 'peer-w',
      leases: [{ task_id, fence: 1 }],
    })
    for (const name of ['p2p_taskqueue_status', 'p2p_taskqueue_submit', 'p2p_taskqueue_shutdown', 'work']) {
      await expect(call(name)).rejects.toThrow(/needs the role/)
    }
    await expect(peer.client.listTools()).rejects.toThrow(/needs the role/)
  })

  it('keeps what the tool was told when the peer announces other credits', async () => {
    const { peer, call } = await peerOf(principalWith('peer:peer-w', 'work'))
    const announcement = new TestWorker('peer-w').announcement(4, ['kind:tab'])
    await peer.announce(announcement)
    await call('p2p_taskqueue_announce', { labels: ['gpu'] })
    await peer.announce({ ...announcement, credits: 3 })
    expect(await call('p2p_taskqueue_announce')).toMatchObject({ credits: 3, labels: ['kind:tab', 'gpu'] })
  })

  it('a peer that submits and reads uses the other tools as any client does', async () => {
    const { call, mesh } = await peerOf(principalWith('peer:peer-w', 'submit', 'read'))
    const receipt = await call('p2p_taskqueue_submit', { tool: 'work', params: { n: 1 } })
    expect(receipt).toMatchObject({ tasks: [{ state: 'queued' }] })
    expect(await call('p2p_taskqueue_list_tasks')).toMatchObject({
      tasks: [{ tool: 'work', state: 'queued' }],
    })
    expect(await mesh.test.queue.list()).toMatchObject({ tasks: [{ principal: 'peer:peer-w' }] })
    const schedule = { name: 'often', cron: '* * * * *', task: { tool: 'work' } }
    expect(await call('p2p_taskqueue_schedule', schedule)).toMatchObject({
      schedule: { principal: 'peer:peer-w' },
    })
    await expect(call('p2p_taskqueue_announce')).rejects.toThrow(/needs the role work/)
  })
})
