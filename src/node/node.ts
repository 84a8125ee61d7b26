/** The node: every part is built here, in the order in which a reader should meet them. */
import { join } from 'node:path'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Authority } from '../shared/authority/authority.ts'
import { formatInvite } from '../shared/authority/invite-link.ts'
import { systemClock } from '../shared/clock.ts'
import type { Logger } from '../shared/logger.ts'
import { UsersCache } from '../shared/mcp/cache/users-cache.ts'
import { createSurface } from '../shared/mcp/create-surface.ts'
import { meshTools } from '../shared/mcp/mesh-tools.ts'
import { NoMeshError } from '../shared/mcp/peer/mesh-port.ts'
import { meshResources } from '../shared/mcp/resources/mesh-resources.ts'
import type { Surface } from '../shared/mcp/surface.ts'
import type { ShutdownRequest } from '../shared/mcp/taskqueue/shutdown.ts'
import { workflowSubmitter } from '../shared/mcp/workflow/scheduled-workflows.ts'
import { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import { verifyAnnouncement } from '../shared/mesh/peers/signed-announcement.ts'
import { Bodies } from '../shared/queue/bodies/bodies.ts'
import { Queue } from '../shared/queue/queue.ts'
import { Schedules } from '../shared/queue/schedules/schedules.ts'
import { taskSubmitter } from '../shared/queue/schedules/task-submitter.ts'
import { AttemptRunner } from '../shared/queue/worker/attempt-runner.ts'
import { MemoryOutbox } from '../shared/queue/worker/outbox.ts'
import { RuntimeBusyError } from '../shared/router/errors.ts'
import { InlineRuntime } from '../shared/router/inline-runtime.ts'
import { Router } from '../shared/router/router.ts'
import { Catalogue } from '../shared/tools/catalogue.ts'
import type { ToolDescriptor } from '../shared/tools/tool.ts'
import { CachedResults } from '../shared/workflow/result-cache.ts'
import { keepWorkflowRetention } from '../shared/workflow/retention.ts'
import { PUBLIC_SETS } from './config/public-sets.ts'
import type { Config } from './config.ts'
import { nodeDiagnosis } from './diagnosis/node-diagnosis.ts'
import { readBootstrapFile } from './discovery/bootstrap-file.ts'
import { ENVIRONMENT_PEERS, environmentAddresses } from './discovery/environment-peers.ts'
import { type NodeServer, serveNode } from './http/node-server.ts'
import { loadIdentity } from './identity.ts'
import { type NodeMesh, nodeMesh } from './node-mesh.ts'
import { nodeWorkflows } from './node-workflows.ts'
import { overviewOf } from './overview.ts'
import { ownWorker } from './own-worker.ts'
import { packageRoot, runsFromSource } from './package-root.ts'
import { peerCalls } from './peer-calls.ts'
import { PeerDirectory } from './peer-directory.ts'
import { importFrom } from './runtime/import-tool.ts'
import { threadPool } from './runtime/thread-pool.ts'
import { runtimeName } from './runtime-name.ts'
import { isSameMachine } from './same-machine.ts'
import { AuthorityFile } from './store/authority-file.ts'
import { BlobFiles } from './store/blob-files.ts'
import { openSqliteStores } from './store/sqlite-stores.ts'
import { tickSubmitter } from './tick-submit.ts'
import { httpWebSocket } from './transports/http-websocket.ts'
import { WorkflowMoves } from './workflow-moves.ts'
import { workflowPeers } from './workflow-peers.ts'

/** The invite that is printed at the start: for the person who started the node, and a few friends. */
const JOIN_INVITE = { roles: ['work'], ttl_ms: 24 * 3_600_000, uses: 100, name: 'printed at start' } as const

/** What the answer to a shutdown has to leave, before the node closes under it, milliseconds. */
const SHUTDOWN_ANSWER_MS = 100

export interface NodeParts {
  /** The build's list of tools. */
  manifest: readonly ToolDescriptor[]
  version: string
  logger: Logger
}

export interface Node {
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  /** Empty where HTTP is off. */
  readonly urls: { dashboard: string; mcp: string }
  readonly surface: Surface
  /** A link by which tabs join. */
  createInvite(): Promise<{ url: string; expires_at: string }>
  /** Resolves when a client with the right to do so asked the node to end, and has been answered. */
  readonly shutdownRequested: Promise<ShutdownRequest>
  /** Takes no more work; resolves when what runs has ended, on abort when the rest was given back. */
  drain(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/**
 * Starts a node. Throws a ToolmeshError of one clear line when it cannot: a damaged identity, a data directory
 * that is in use or not writable, a port in use.
 */
export async function createNode(config: Config, parts: NodeParts): Promise<Node> {
  const opened: (() => Promise<unknown>)[] = []
  try {
    return await build(config, parts, opened)
  } catch (error) {
    await closeAll(opened)
    throw error
  }
}

async function build(
  config: Config,
  { manifest, version, logger }: NodeParts,
  opened: (() => Promise<unknown>)[],
): Promise<Node> {
  const clock = systemClock
  const { dataDir, http, p2p } = config
  const startedAt = clock.now()
  const environment = process.env[ENVIRONMENT_PEERS]
  const runtime = runtimeName()
  const agent = `toolmesh/${version} ${runtime}`
  let draining = false
  let server: NodeServer | undefined
  let mesh: NodeMesh | undefined
  const upMesh = (): NodeMesh => {
    if (mesh === undefined) throw new NoMeshError(p2p.enabled)
    return mesh
  }
  const websockets = httpWebSocket()

  // Who this node is, and who may do what.
  const privateKey = await loadIdentity(dataDir)
  const peerId = peerIdFromPrivateKey(privateKey).toString()
  const authority = new Authority({
    store: new AuthorityFile(join(dataDir, 'authority.json')),
    clock,
    random: bytes => crypto.getRandomValues(bytes),
    ownPeerId: peerId,
  })

  // What can run, and where.
  const catalogue = new Catalogue(manifest)
  const codeRoot = runsFromSource ? packageRoot() : join(packageRoot(), 'dist')
  const threads = threadPool({
    root: codeRoot,
    platform: runtime,
    capacity: config.workers.max,
    clock,
    logger,
  })
  const inline = new InlineRuntime({
    place: { platform: runtime, allow: [] },
    importModule: importFrom(codeRoot),
    clock,
  })
  const router = new Router({ runtimes: [inline, threads], clock, logger })
  opened.push(() => Promise.all([inline.close(), threads.close()]))

  // Tasks: the store in a thread of its own, large bodies as files beside it, the queue, this node's threads as its first worker.
  const {
    tasks: store,
    workflows: workflowStore,
    cache,
  } = await openSqliteStores({
    path: join(dataDir, 'queue.db'),
    synchronous: config.queue.synchronous,
    cacheLimits: {
      entries: config.cache.entries,
      bytes: config.cache.bytes,
      entryBytes: config.cache.entryBytes,
      ttlMs: config.cache.ttl,
    },
  })
  opened.push(() => store.close())
  // Only who holds the store may touch what lies beside it: another process may be writing there.
  const [blobs] = await Promise.all([BlobFiles.open(join(dataDir, 'blobs')), authority.load()])
  const bodies = new Bodies({ store: blobs, logger })
  opened.push(() => bodies.close())
  const recovered = Promise.withResolvers<void>()
  const queue = new Queue({
    store,
    bodies,
    catalogue,
    ownerId: peerId,
    clock,
    logger,
    random: Math.random,
    limits: { liveTasks: config.limits.openTasks, retentionMs: config.queue.retention },
    leaseMs: config.queue.lease,
    graceMs: config.queue.grace,
    mayForget: recovered.promise,
    beside: workflowStore,
  })
  opened.push(() => queue.close())
  const runner = new AttemptRunner({
    instanceId: crypto.randomUUID(),
    execute: execution => threads.run(execution),
    hasNotRun: error => error instanceof RuntimeBusyError,
    outbox: new MemoryOutbox(),
    clock,
    catalogue,
    capacity: config.workers.max,
  })

  // Workflows: their steps are tasks; each belongs to one node at a time.
  const nodes = workflowPeers(() => mesh?.sessions)
  const moves = new WorkflowMoves({
    store: workflowStore,
    bodies,
    peers: nodes,
    node: peerId,
    clock,
    logger,
  })
  const workflows = nodeWorkflows({
    store: workflowStore,
    bodies,
    queue,
    catalogue,
    threads,
    authority,
    cache: new CachedResults(cache),
    handover: handoverParts => moves.of(handoverParts),
    ownerId: peerId,
    clock,
    logger,
  })
  opened.push(() => workflows.close())
  opened.push(() => moves.close())
  const schedules = new Schedules({
    tasks: tickSubmitter(
      authority,
      'p2p_taskqueue_submit',
      taskSubmitter(queue, async id => (await store.head(id))?.state),
    ),
    workflows: tickSubmitter(authority, 'p2p_workflow_submit', workflowSubmitter(workflows)),
    store,
    clock,
    logger,
  })
  opened.push(() => schedules.close())
  await queue.start()
  await workflows.start()
  void workflows.recovered().then(recovered.resolve)
  const keepAll = keepWorkflowRetention({
    store: workflowStore,
    beside: store,
    bodies,
    retentionMs: config.queue.retention,
    mayForget: recovered.promise,
    clock,
    logger,
  })
  opened.push(async () => keepAll())
  const labels = ['kind:node', `runtime:${runtime}`]
  const own = ownWorker(peerId, runner)
  const offer = {
    instance_id: runner.instanceId,
    tools: manifest.map(({ name, interface_cid, code_cid }) => ({ tool: name, interface_cid, code_cid })),
    labels,
  }
  queue.announce(own, { ...offer, credits: runner.credits })

  const shutdown = Promise.withResolvers<ShutdownRequest>()
  async function drain(signal: AbortSignal): Promise<void> {
    draining = true
    mesh?.drain()
    await workflows.drain(signal)
    // No more leases from here on; what other owners run here, and then what runs elsewhere, has its end.
    const drained = queue.drain(signal)
    await runner.drain(signal)
    await drained
  }

  // What clients see, and what peers do: their calls run here, or two nodes could pass one back and forth.
  const book = new LocalPeerBook({
    ownPeerId: peerId,
    from: 'node',
    verify: signed => verifyAnnouncement(signed, { namespace: p2p.namespace, now: clock.now() }),
    isGranted: id => authority.isGranted(id) || mesh?.memberships.has(id) === true,
    isHere: addresses => isSameMachine(addresses, mesh?.host.addresses() ?? []),
    clock,
    random: Math.random,
  })
  opened.push(async () => book.close())
  const directory = new PeerDirectory({
    self: {
      peerId,
      name: config.name,
      agent,
      labels,
      tools: manifest.length,
      startedAt,
      addresses: () => mesh?.host.addresses() ?? [],
    },
    book,
    roundTrip: id => mesh?.host.roundTrip(id),
    authority,
    queue,
    clock,
  })
  const overview = overviewOf({
    node: { name: config.name, version, peerId, multiaddrs: () => mesh?.host.addresses() ?? [] },
    tools: { total: manifest.length, categories: catalogue.categories().length },
    queue,
    workflows,
    router,
    directory,
    isDraining: () => draining,
    clock,
  })
  const parts = {
    name: 'toolmesh',
    version,
    listing: config.listing,
    catalogue,
    tools: meshTools({
      queue,
      workers: queue,
      workflows,
      callNode: nodes.call,
      mesh: upMesh,
      peersWith: tool => new Set(book.list({ tool, limit: book.size + 1 }).map(({ peer_id }) => peer_id)),
      bootstrap: {
        namespace: p2p.namespace,
        configured: p2p.bootstrap,
        environment: environmentAddresses(environment),
        publicSets: PUBLIC_SETS,
        readFile: (path, signal) => readBootstrapFile(path, dataDir, signal),
      },
      callPeer: peerCalls(upMesh, (id, signal, work) => upMesh().sessions.use(id, { signal }, work)),
      diagnosis: nodeDiagnosis({
        namespace: p2p.namespace,
        use: (id, signal, work) => upMesh().sessions.use(id, { signal }, work),
        rightsHere: id => [...(authority.principalOfPeer(id)?.roles ?? [])],
        storeFailure: () => queue.failure,
        url: () => server?.url,
        clock,
      }),
      cache: new UsersCache(cache),
      schedules,
      shutdown: request => {
        logger('info', 'a client asked this node to end', { ...request })
        void drain(AbortSignal.timeout(request.wait_ms))
        clock.after(SHUTDOWN_ANSWER_MS, () => shutdown.resolve(request))
      },
      catalogue,
      authority,
      peers: directory,
      connect: (invite, signal) => upMesh().memberships.join(invite, signal),
      clock,
      peerId,
      origin: () => server?.origin ?? '',
    }),
    resources: meshResources({ overview, peers: directory, queue, workflows, schedules, catalogue, clock }),
    clock,
    callTimeoutMs: config.limits.callTimeout,
  }
  const surface = createSurface({ ...parts, router })
  const peerSurface = createSurface({
    ...parts,
    router: new Router({ runtimes: [inline, threads], clock, logger }),
  })
  server = http.enabled
    ? await serveNode({
        config,
        surface,
        authority,
        info: () => ({
          peerId,
          multiaddrs: mesh?.host.addresses() ?? [],
          name: config.name,
          version,
          namespace: p2p.namespace,
          announcement: mesh?.own.current(),
        }),
        notReady: () => [
          ...(draining ? ['draining'] : p2p.enabled && mesh === undefined ? ['starting'] : []),
          ...(queue.failure === undefined ? [] : [`the task store takes no changes: ${queue.failure}`]),
        ],
        webRoot: join(packageRoot(), 'dist', 'web'),
        onUpgrade: (request, socket, head) => websockets.upgrade(request, socket, head),
        clock,
        logger,
      })
    : undefined
  opened.push(async () => server?.close())

  // The mesh, whose parts the tools above reach through `mesh`.
  if (p2p.enabled) {
    const joined = await nodeMesh({
      config,
      agent,
      privateKey,
      authority,
      websockets,
      announce: server?.addresses ?? [],
      surface: peerSurface,
      queue,
      runner,
      own,
      offer,
      moves,
      router,
      book,
      environment,
      clock,
      logger,
    })
    mesh = joined
    opened.push(() => joined.close())
  }
  queue.reachable()
  await schedules.start()
  queue.onHealth(failure => {
    if (failure === undefined) schedules.resume()
  })

  return {
    peerId,
    get multiaddrs() {
      return mesh?.host.addresses() ?? []
    },
    urls: { dashboard: server ? `${server.url}/` : '', mcp: server ? `${server.url}/mcp` : '' },
    surface,
    async createInvite() {
      // Each start prints a new one; those that nobody used would pile up.
      const earlier = await authority.listInvites()
      const unused = earlier.filter(({ name, used }) => name === JOIN_INVITE.name && used === 0)
      await Promise.all(unused.map(({ id }) => authority.revokeInvite(id)))
      const { secret, expires_at } = await authority.createInvite(JOIN_INVITE)
      return { url: formatInvite({ origin: server?.origin ?? '', secret, peerId }), expires_at }
    },
    shutdownRequested: shutdown.promise,
    drain,
    close: () => closeAll(opened),
  }
}

/** In the reverse of the order in which they were opened; one that fails does not keep the others open. */
async function closeAll(opened: (() => Promise<unknown>)[]): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close().catch(() => {})
}
