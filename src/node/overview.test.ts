import { describe, expect, it } from 'vitest'
import { silentLogger } from '../shared/logger.ts'
import { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import { openTestQueue } from '../shared/queue/queue.fixture.ts'
import { Router } from '../shared/router/router.ts'
import { overviewOf } from './overview.ts'
import { PeerDirectory } from './peer-directory.ts'

const NO_WORKFLOWS = { running: 0, waiting: 0, succeeded: 0, failed: 0, cancelled: 0 }

async function overviewed() {
  const { queue, store, clock } = await openTestQueue()
  const book = new LocalPeerBook({
    ownPeerId: 'me',
    from: 'node',
    verify: async () => undefined,
    isGranted: () => false,
    isHere: () => true,
    clock,
    random: () => 0,
  })
  const directory = new PeerDirectory({
    self: {
      peerId: 'me',
      name: 'me',
      agent: 'test',
      labels: [],
      tools: 1,
      startedAt: clock.now(),
      addresses: () => [],
    },
    book,
    roundTrip: () => undefined,
    authority: { principalOfPeer: () => undefined },
    queue,
    clock,
  })
  let draining = false
  const overview = overviewOf({
    node: { name: 'me', version: '1', peerId: 'me', multiaddrs: () => [] },
    tools: { total: 1, categories: 1 },
    queue,
    workflows: { counts: async () => NO_WORKFLOWS, onChange: () => () => {} },
    router: new Router({ runtimes: [], clock, logger: silentLogger }),
    directory,
    isDraining: () => draining,
    clock,
  })
  return { overview, queue, store, drain: () => (draining = true) }
}

describe('the state of a node', () => {
  it('is ready, then draining', async () => {
    const { overview, drain } = await overviewed()
    expect(await overview.read()).toMatchObject({ state: 'ready', tasks: { queued: 0 } })
    drain()
    expect(await overview.read()).toMatchObject({ state: 'draining' })
  })

  it('is degraded while the task store fails, with the figures last known', async () => {
    const { overview, queue, store } = await overviewed()
    await queue.submit('alice', [{ tool: 'work', params: { n: 1 } }])
    expect(await overview.read()).toMatchObject({ state: 'ready', tasks: { queued: 1 } })
    await store.close()
    expect(await overview.read()).toMatchObject({ state: 'degraded', tasks: { queued: 1 } })
  })
})
