/** The mesh tools and resources of a node over a real queue: not part of the product. */
import { Authority } from '../authority/authority.ts'
import { MemoryAuthorityStore } from '../authority/memory-authority-store.ts'
import type { Principal } from '../authority/principal.ts'
import { MemoryCacheStore } from '../cache/memory-cache-store.ts'
import { ManualClock } from '../clock.ts'
import { ToolmeshError } from '../errors.ts'
import { silentLogger } from '../logger.ts'
import type { DiagnosisPort } from '../mesh/diagnosis/diagnosis-port.ts'
import { Bodies } from '../queue/bodies/bodies.ts'
import { MemoryBlobStore } from '../queue/bodies/memory-blob-store.ts'
import { openTestQueue, settle, TEST_TOOLS, type TestQueue, TestWorker } from '../queue/queue.fixture.ts'
import { Schedules } from '../queue/schedules/schedules.ts'
import { taskSubmitter } from '../queue/schedules/task-submitter.ts'
import { MemoryQueueStore } from '../queue/store/memory-queue-store.ts'
import type { JsonObject } from '../tools/tool.ts'
import { validateAgainst } from '../tools/validate.ts'
import { evaluateHere } from '../workflow/engine/workflows.fixture.ts'
import { MemoryWorkflowStore } from '../workflow/store/memory-workflow-store.ts'
import { Workflows } from '../workflow/workflows.ts'
import { UsersCache } from './cache/users-cache.ts'
import { createSurface } from './create-surface.ts'
import { meshTools } from './mesh-tools.ts'
import type { CallPeer } from './peer/call-peer.ts'
import { type BootstrapPort, type MeshAccess, NoMeshError } from './peer/mesh-port.ts'
import { meshResources } from './resources/mesh-resources.ts'
import type { CallResult, Surface } from './surface.ts'
import type { ShutdownRequest } from './taskqueue/shutdown.ts'
import { principalWith, routerOf } from './text-tools.fixture.ts'
import type { OverviewView, PeerView } from './views.ts'
import { workflowSubmitter } from './workflow/scheduled-workflows.ts'

/** Of the node whose tools these are, which owns the queue. */
export const OWN_PEER_ID = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'

export const admin = principalWith('local', 'admin')
export const alice = principalWith('token:alice', 'submit')
export const bob = principalWith('token:bob', 'submit')
export const reader = principalWith('token:reader', 'read')

export const self: PeerView = {
  peer_id: OWN_PEER_ID,
  self: true,
  kind: 'node',
  labels: ['kind:node'],
  roles: ['admin'],
  connected: true,
  draining: false,
  addresses: [],
  transports: [],
  running: 0,
  credits: 0,
  tools: 3,
  succeeded: 0,
  failed: 0,
  first_seen: '2026-01-01T00:00:00.000Z',
  last_seen: '2026-01-01T00:00:00.000Z',
}

interface OpenedStores {
  workflowStore: MemoryWorkflowStore
  bodies: Bodies
}

export class MeshToolsFixture {
  readonly test: TestQueue
  readonly surface: Surface
  readonly schedules: Schedules
  readonly workflows: Workflows
  /** What `shutdown` was asked for. */
  readonly shutdowns: ShutdownRequest[] = []
  readonly cacheStore: MemoryCacheStore
  /** Peers that have the tool of an interface CID. */
  readonly holders = new Map<string, ReadonlySet<string>>()
  /** Who `p2p_peer_list` shows. */
  peers: PeerView[] = [self]
  mesh: MeshAccess = () => {
    throw new NoMeshError(false)
  }
  readonly bootstrap: BootstrapPort = {
    namespace: 'toolmesh',
    configured: [],
    environment: [],
    publicSets: {},
    readFile: () => Promise.reject(new ToolmeshError('not_found', 'there is no such file')),
  }
  /** What this node's platform and other peers answer to a diagnosis. */
  readonly diagnosis: DiagnosisPort = {
    namespace: 'toolmesh',
    askOrigin: origin => Promise.reject(new ToolmeshError('owner_unreachable', `nobody is at ${origin}`)),
    rightsAt: () => Promise.reject(new ToolmeshError('unauthenticated', 'tools/list needs a credential')),
    rightsHere: () => [],
    modules: async () => [],
    storeFailure: () => undefined,
    certificateEnds: async () => undefined,
    now: () => this.test.clock.now(),
    monotonic: () => this.test.clock.monotonic(),
  }
  /** How another peer answers. */
  callPeer: CallPeer = peerId =>
    Promise.reject(new ToolmeshError('unavailable', `there is no session with ${peerId}`))
  readonly #outputSchemas: Map<string, JsonObject>

  private constructor(test: TestQueue, { workflowStore, bodies }: OpenedStores) {
    const { queue, clock, store } = test
    this.test = test
    this.cacheStore = new MemoryCacheStore({ clock })
    this.workflows = new Workflows({
      store: workflowStore,
      tasks: queue.steps,
      bodies,
      tools: TEST_TOOLS,
      evaluate: evaluateHere,
      mayRun: () => undefined,
      paramsOf: async id => (await queue.get(id)).params,
      ownerId: OWN_PEER_ID,
      engineId: 'engine',
      clock,
      logger: silentLogger,
      random: () => 0.5,
    })
    this.schedules = new Schedules({
      tasks: taskSubmitter(queue, async id => (await queue.head(id)).state),
      workflows: workflowSubmitter(this.workflows),
      store,
      clock,
      logger: silentLogger,
    })
    const catalogue = TEST_TOOLS
    const authority = new Authority({
      store: new MemoryAuthorityStore(),
      clock,
      random: bytes => crypto.getRandomValues(bytes),
      ownPeerId: OWN_PEER_ID,
    })
    const peers = { list: () => this.peers, onChange: () => () => {} }
    const tools = meshTools({
      queue,
      workers: queue,
      schedules: this.schedules,
      shutdown: request => this.shutdowns.push(request),
      catalogue,
      authority,
      peers,
      peersWith: cid => this.holders.get(cid) ?? new Set(),
      mesh: () => this.mesh(),
      bootstrap: this.bootstrap,
      diagnosis: this.diagnosis,
      connect: async ({ peerId }) => ({
        peer_id: peerId,
        roles: ['work'],
        expires_at: '2027-01-01T00:00:00.000Z',
      }),
      workflows: this.workflows,
      cache: new UsersCache(this.cacheStore),
      callPeer: (...call) => this.callPeer(...call),
      callNode: () => Promise.reject(new Error('no node is joined')),
      clock,
      peerId: OWN_PEER_ID,
      origin: () => 'http://127.0.0.1:8420',
    })
    this.#outputSchemas = new Map(tools.map(tool => [tool.name, tool.outputSchema ?? {}]))
    const overview = { read: () => ({ name: 'node' }) as OverviewView, onChange: () => () => {} }
    this.surface = createSurface({
      name: 'test',
      version: '1',
      catalogue,
      router: routerOf({}),
      tools,
      resources: meshResources({
        overview,
        peers,
        queue,
        schedules: this.schedules,
        workflows: this.workflows,
        catalogue,
        clock,
      }),
      clock,
    })
  }

  static async open(init: Parameters<typeof openTestQueue>[0] = {}): Promise<MeshToolsFixture> {
    const clock = init.clock ?? new ManualClock()
    const workflowStore = new MemoryWorkflowStore({ clock })
    const bodies = new Bodies({ store: new MemoryBlobStore(), logger: silentLogger })
    const store = new MemoryQueueStore(workflowStore)
    const test = await openTestQueue({ ownerId: OWN_PEER_ID, ...init, clock, store, bodies })
    const fixture = new MeshToolsFixture(test, { workflowStore, bodies })
    await fixture.workflows.start()
    await fixture.schedules.start()
    return fixture
  }

  /** What the tool answers, held against the output schema that it is listed with unless it is an error. */
  async call(name: string, input: JsonObject, principal: Principal = admin): Promise<JsonObject> {
    const { structuredContent = {}, isError } = await this.answer(name, input, principal)
    const schema = this.#outputSchemas.get(name)
    if (isError !== true && schema !== undefined)
      validateAgainst(schema, JSON.parse(JSON.stringify(structuredContent)), name)
    return structuredContent
  }

  /** Rejects for what is a protocol error: authority, limits. */
  answer(name: string, input: JsonObject, principal: Principal = admin): Promise<CallResult> {
    return this.surface.callTool(name, input, { principal, signal: new AbortController().signal })
  }

  /** The id of a new task of the tool `work`. */
  async submitted(principal: Principal = alice, input: JsonObject = {}): Promise<string> {
    const request = { tool: 'work', params: { n: 1 }, ...input }
    const { tasks } = await this.call('p2p_taskqueue_submit', request, principal)
    const [task] = Array.isArray(tasks) ? tasks : []
    return typeof task === 'object' && task !== null && 'task_id' in task ? String(task.task_id) : ''
  }

  /** A worker that takes tasks at once, and ends them when the test says so. */
  async worker(peerId = 'peer-w', credits = 1, labels: string[] = []): Promise<TestWorker> {
    const worker = new TestWorker(peerId)
    this.test.queue.announce(worker, worker.announcement(credits, labels))
    await settle()
    return worker
  }
}
