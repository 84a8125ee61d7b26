/** The tab: every part of a browser peer is built here, in reading order, and handed its collaborators. */
import './zod-jitless.ts'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import packageJson from '../../package.json' with { type: 'json' }
import { parseInvite } from '../shared/authority/invite-link.ts'
import type { Principal, Role } from '../shared/authority/principal.ts'
import { cacheTools } from '../shared/mcp/cache/cache-tools.ts'
import { UsersCache } from '../shared/mcp/cache/users-cache.ts'
import { createSurface } from '../shared/mcp/create-surface.ts'
import { OwnerLink } from '../shared/mcp/endpoint/owner-link.ts'
import { openPeerEndpoint } from '../shared/mcp/endpoint/peer-endpoint.ts'
import { createMeshHost } from '../shared/mesh/host.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import { MeshSessionPool } from '../shared/mesh/pool/session-pool.ts'
import { keepPaths } from '../shared/mesh/reach/keep-paths.ts'
import { stunServersOf } from '../shared/mesh/reach/stun-servers.ts'
import type { Announcement } from '../shared/queue/work.ts'
import { AttemptRunner } from '../shared/queue/worker/attempt-runner.ts'
import { RuntimeBusyError } from '../shared/router/errors.ts'
import { Catalogue } from '../shared/tools/catalogue.ts'
import { AttemptLog } from './attempt-log.ts'
import { consoleLogger } from './console-logger.ts'
import { withDeadline } from './deadline.ts'
import { type Drained, drain } from './drain.ts'
import { NotInvitedError } from './errors.ts'
import { InertTab } from './inert-tab.ts'
import { errorOf, MeshTab } from './mesh-tab.ts'
import { dialableAddresses } from './node-addresses.ts'
import { fetchNodeInfo } from './node-info.ts'
import { maxCapacity, requirePlatform } from './platform.ts'
import { webWorkerPool } from './runtime/web-worker-pool.ts'
import { WorkerClock } from './runtime/worker-clock.ts'
import { takeSlot } from './slot.ts'
import { isStaleBuild, takeReload } from './stale-build.ts'
import { StatePublisher } from './state-publisher.ts'
import { IndexedDbCacheStore } from './store/cache.ts'
import { loadIdentity } from './store/identity.ts'
import { IndexedDbOutbox } from './store/outbox.ts'
import { SlotPeerBookStore } from './store/peer-book-store.ts'
import { changeSettings, loadSettings } from './store/settings.ts'
import { openSlotStore } from './store/slot-store.ts'
import type { Tab, TabOptions } from './tab-contract.ts'
import { TabPeers } from './tab-peers.ts'
import { tabTools } from './tools.ts'
import { TAB_LISTEN, tabTransports } from './transports/tab-transports.ts'

/** Milliseconds for asking the node where it listens. */
const ASK_MS = 10_000

/**
 * Makes this page a peer and connects it to the node of its invite, or of an earlier visit. Resolves when the
 * parts stand; what becomes of the connection is the tab's state, failures included.
 */
export async function createTab(options: TabOptions): Promise<Tab> {
  const publisher = new StatePublisher({
    phase: 'connecting',
    paused: false,
    capacity: maxCapacity(),
    max_capacity: maxCapacity(),
    running: [],
    done: { succeeded: 0, failed: 0 },
    recent: [],
    undelivered: 0,
  })
  const opened: (() => void | Promise<void>)[] = []
  const close = async () => {
    for (const give of opened.splice(0).reverse()) await give()
  }
  try {
    requirePlatform()
    return await buildTab(options, publisher, opened, close)
  } catch (error) {
    await close()
    if (error instanceof NotInvitedError) publisher.update({ phase: 'idle' })
    else publisher.update({ phase: 'failed', error: errorOf(error) })
    return new InertTab(publisher)
  }
}

async function buildTab(
  { origin, invite }: TabOptions,
  publisher: StatePublisher,
  opened: (() => void | Promise<void>)[],
  close: () => Promise<void>,
): Promise<Tab> {
  const link = invite === undefined ? undefined : parseInvite(invite)
  const logger = consoleLogger

  const slot = await takeSlot()
  opened.push(() => slot.release())
  const store = openSlotStore(slot.number)
  const settings = await loadSettings(store)
  const nodePeerId = link?.peerId ?? settings.node_peer_id
  if (nodePeerId === undefined) throw new NotInvitedError()

  const clock = new WorkerClock()
  opened.push(() => clock.close())
  const catalogue = new Catalogue(tabTools())
  const capacity = Math.min(settings.capacity ?? maxCapacity(), maxCapacity())
  const pool = webWorkerPool({ capacity, clock, logger })
  opened.push(() => pool.close())

  const outbox = await IndexedDbOutbox.open(slot.number, clock, undelivered =>
    publisher.update({ undelivered }),
  )
  const runner = new AttemptRunner({
    instanceId: crypto.randomUUID(),
    execute: call => pool.run(call),
    hasNotRun: error => error instanceof RuntimeBusyError,
    outbox,
    clock,
    catalogue,
    capacity,
  })
  const worker = new AttemptLog(runner, clock, view => publisher.update(view))

  const privateKey = await loadIdentity(store)
  const cache = new IndexedDbCacheStore(slot.number, clock)
  opened.push(() => cache.close())
  const surface = createSurface({
    name: 'toolmesh tab',
    version: packageJson.version,
    listing: 'flat',
    catalogue,
    router: { call: call => pool.run(call) },
    tools: cacheTools({
      cache: new UsersCache(cache),
      peerId: peerIdFromPrivateKey(privateKey).toString(),
    }),
    clock,
  })
  let started: MeshHost | undefined
  const host = await createMeshHost({
    transports: tabTransports(() =>
      started === undefined ? [] : stunServersOf(started, ({ peerId }) => peerId === nodePeerId),
    ),
    listen: TAB_LISTEN,
    privateKey,
    gater: { isGranted: peerId => peerId === nodePeerId },
    clock,
    logger,
  })
  started = host
  opened.push(() => host.close())
  const sessions = new MeshSessionPool({
    host,
    // Where its node is, the page knows best; of others, only the book does.
    addressesOf: (peerId, given) => (given.length > 0 ? given : peers.book.addressesOf(peerId)),
    clock,
    logger,
    random: Math.random,
  })
  opened.push(() => sessions.close())
  publisher.update({ slot: slot.number, peer_id: host.peerId, node_peer_id: nodePeerId, capacity })

  const labels = ['kind:tab', 'runtime:browser']
  const tools = catalogue
    .list()
    .map(({ name, interface_cid, code_cid }) => ({ tool: name, interface_cid, code_cid }))
  let namespace: string | undefined
  const peers: TabPeers = await TabPeers.open({
    host,
    privateKey,
    nodePeerId,
    origin,
    store: new SlotPeerBookStore(store),
    namespace: () => namespace,
    version: packageJson.version,
    tools: tools.map(tool => tool.interface_cid),
    labels,
    load: () => ({ capacity: runner.credits, running: runner.stats.running }),
    clock,
    logger,
    random: Math.random,
  })
  opened.push(() => peers.close())
  opened.push(runner.onChange(() => peers.changed()))
  opened.push(
    keepPaths({
      host,
      addressesOf: id => peers.book.addressesOf(id),
      direct: true,
      clock,
      logger,
      random: Math.random,
    }),
  )

  const announcement = (): Announcement => ({
    instance_id: runner.instanceId,
    tools,
    labels,
    credits: runner.credits,
  })
  return new MeshTab({
    host,
    nodePeerId,
    runner,
    pool,
    publisher,
    clock,
    logger,
    close,
    lastDials: () => sessions.lastDials(nodePeerId),
    saveCapacity: capacity => changeSettings(store, { capacity }),
    link: onState =>
      new OwnerLink({
        host,
        pool: sessions,
        ownerId: nodePeerId,
        granted: settings.node_peer_id === nodePeerId,
        secret: link?.secret,
        onGranted: () => changeSettings(store, { node_peer_id: nodePeerId }),
        addresses: async () => {
          if (await withDeadline(clock, ASK_MS, isStaleBuild))
            await reloadDrained({ runner, publisher, clock })
          const info = await withDeadline(clock, ASK_MS, signal => fetchNodeInfo(origin, signal))
          namespace = info.namespace
          return dialableAddresses(info.multiaddrs, new URL(origin))
        },
        runner,
        // The node of the invite may use the tools and the cache of this tab; nobody else may anything.
        open: session => {
          const endpoint = openPeerEndpoint({
            session,
            surface,
            authority: { principalOfPeer: id => (id === nodePeerId ? invitingNode(id) : undefined) },
            worker,
            teller: peers.exchange,
            onDraining: () => publisher.update({ node_ending: true }),
            logger,
          })
          peers.opened(session, endpoint)
          return endpoint
        },
        announcement,
        clock,
        logger,
        onState,
      }),
  })
}

function invitingNode(peerId: string): Principal {
  return { id: `peer:${peerId}`, roles: new Set<Role>(['submit']) }
}

/** For a page whose build is no longer the node's: outcomes that wait are delivered by the page that comes. */
async function reloadDrained(drained: Drained): Promise<void> {
  if (!takeReload()) return
  await drain(drained)
  location.reload()
}
