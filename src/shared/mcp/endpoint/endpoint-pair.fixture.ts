import type { Principal } from '../../authority/principal.ts'
import { systemClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import type { Session } from '../../mesh/session-contract.ts'
import { LeaseMap } from '../../queue/lease-map.ts'
import type {
  Announcement,
  Assignment,
  Lease,
  LeaseId,
  OutcomeReport,
  OutcomeVerdict,
  Worker,
  WorkerLink,
  WorkOwner,
} from '../../queue/work.ts'
import type { RuntimeCall } from '../../router/runtime.ts'
import type { Json } from '../../tools/tool.ts'
import { createSurface } from '../create-surface.ts'
import { principalWith, routerOf, textCatalogue } from '../text-tools.fixture.ts'
import { openPeerEndpoint, type PeerEndpointInit } from './peer-endpoint.ts'
import { sessionPair } from './session-pair.fixture.ts'

/** For tests: what opened pairs have to be closed by. */
export const closers: (() => Promise<unknown>)[] = []

export const announcement: Announcement = {
  instance_id: 'run-1',
  tools: [{ tool: 'text_echo', interface_cid: 'interface-text_echo', code_cid: 'code-text_echo' }],
  labels: ['kind:tab'],
  credits: 2,
}

export function leaseOf(task: string): Lease {
  return { task_id: task, attempt: 1, fence: 1, lease_ms: 30_000, deadline_ms: 60_000 }
}

export function assignmentOf(task: string): Assignment {
  return { lease: leaseOf(task), tool: 'text_echo', input: { text: task } }
}

/** Records what workers tell it. */
export class RecordingOwner implements WorkOwner {
  readonly announcements: Announcement[] = []
  readonly reports: OutcomeReport[] = []
  readonly links: WorkerLink[] = []
  lost = 0

  announce(link: WorkerLink, announcement: Announcement) {
    this.links.push(link)
    this.announcements.push(announcement)
    return { accepted: announcement.credits, lease_ms: 30_000 }
  }

  async complete(_peerId: string, reports: OutcomeReport[]): Promise<OutcomeVerdict[]> {
    this.reports.push(...reports)
    return reports.map(() => 'committed')
  }

  async claim(_link: WorkerLink, max: number) {
    return max > 1 ? [assignmentOf('claimed')] : []
  }

  heartbeat(_peerId: string, leases: readonly LeaseId[] = []) {
    return [...leases]
  }

  dropped() {
    this.lost += 1
  }
}

/** Runs attempts by a function, as an AttemptRunner does by a runtime. */
export class ScriptedWorker implements Worker {
  readonly settledTasks: string[] = []
  readonly owners: string[] = []
  readonly #running = new LeaseMap<AbortController>()
  script: (...run: Required<Parameters<Worker['run']>>) => ReturnType<Worker['run']> = async (
    _owner,
    { input },
  ) => ({ state: 'succeeded', result: input })

  run: Worker['run'] = async (owner, assignment, hooks, signal) => {
    this.owners.push(owner)
    const abort = new AbortController()
    signal?.addEventListener('abort', () => abort.abort(signal.reason))
    this.#running.set(assignment.lease, abort)
    try {
      return await this.script(owner, assignment, hooks, abort.signal)
    } finally {
      this.#running.delete(assignment.lease)
    }
  }

  cancel(_owner: string, lease: LeaseId, reason: Error) {
    const running = this.#running.get(lease)
    running?.abort(reason)
    return running !== undefined
  }

  settled(_owner: string, leases: readonly LeaseId[]) {
    this.settledTasks.push(...leases.map(({ task_id }) => task_id))
  }

  live() {
    return [{ task_id: 'live', fence: 3, progress: { done: 1 } }]
  }
}

export function surfaceOf(echo: (call: RuntimeCall) => Promise<Json> | Json = call => call.input) {
  return createSurface({
    name: 'toolmesh',
    version: '1',
    catalogue: textCatalogue,
    router: routerOf({ text_echo: echo }),
    clock: systemClock,
  })
}

const worker = principalWith('peer:tab', 'work')

interface Setup {
  tabPrincipal?: Principal | undefined
  nodePrincipal?: Principal | undefined
  tab?: Partial<PeerEndpointInit>
  node?: Partial<PeerEndpointInit>
  sessions?: { dialled: Session; accepted: Session }
}

/** A tab that dialled a node. */
export function pair(setup: Setup = {}) {
  const { dialled, accepted } = setup.sessions ?? sessionPair('tab', 'node')
  const owner = new RecordingOwner()
  const runner = new ScriptedWorker()
  const tabPrincipal = 'tabPrincipal' in setup ? setup.tabPrincipal : worker
  const node = openPeerEndpoint({
    session: accepted,
    surface: surfaceOf(),
    authority: { principalOfPeer: () => tabPrincipal },
    owner,
    logger: silentLogger,
    ...setup.node,
  })
  const tab = openPeerEndpoint({
    session: dialled,
    surface: surfaceOf(),
    authority: { principalOfPeer: () => setup.nodePrincipal },
    worker: runner,
    logger: silentLogger,
    ...setup.tab,
  })
  closers.push(() => dialled.close())
  return { node, tab, owner, runner }
}

export function callOf(overrides: Partial<RuntimeCall> = {}): RuntimeCall {
  const tool = textCatalogue.get('text_echo')
  if (tool === undefined) throw new Error('no text_echo')
  return {
    tool,
    input: { text: 'hi' },
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    ...overrides,
  }
}
