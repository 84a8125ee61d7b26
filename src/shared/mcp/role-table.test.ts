import { describe, expect, it } from 'vitest'
import { METHOD_ROLES } from '../authority/roles.ts'
import { ManualClock } from '../clock.ts'
import { silentLogger } from '../logger.ts'
import type { DiagnosisPort } from '../mesh/diagnosis/diagnosis-port.ts'
import type { Worker, WorkOwner } from '../queue/work.ts'
import { Subscriptions } from './binding/subscriptions.ts'
import { surfaceMethods } from './binding/surface-methods.ts'
import type { UsersCache } from './cache/users-cache.ts'
import { attemptMethods } from './endpoint/attempt-methods.ts'
import type { LeasedWork } from './endpoint/leased-work.ts'
import type { RemoteWorker } from './endpoint/remote-worker.ts'
import { workMethods } from './endpoint/work-methods.ts'
import type { InvitesPort } from './invite/invites-port.ts'
import { meshTools } from './mesh-tools.ts'
import { metaTools } from './meta/meta-tools.ts'
import type { BootstrapPort, MeshPort } from './peer/mesh-port.ts'
import type { Surface } from './surface.ts'
import type { QueuePort } from './taskqueue/queue-port.ts'
import type { SchedulesPort } from './taskqueue/schedules-port.ts'
import type { WorkersPort } from './taskqueue/workers-port.ts'
import type { WorkflowsPort } from './workflow/workflows-port.ts'

/** Nothing is called: only the names are read. */
const none = {} as unknown

describe('the table of roles', () => {
  it('has an entry for each request that is served, and for no other', () => {
    const served = [
      // The SDK's own, and what the endpoint adds where the authority makes invites, workflows are adopted and peers told of.
      'initialize',
      'ping',
      'toolmesh/redeem',
      'toolmesh/adopt',
      'toolmesh/peers',
      ...Object.keys(
        surfaceMethods({
          surface: none as Surface,
          subscriptions: new Subscriptions(),
          notifyUpdated: () => {},
          principal: () => undefined,
          elicit: () => undefined,
          logger: silentLogger,
        }),
      ),
      ...Object.keys(
        workMethods({ owner: none as WorkOwner, link: none as RemoteWorker, onAnnounce: () => {} }).methods,
      ),
      ...Object.keys(
        attemptMethods({
          worker: none as Worker,
          leased: none as LeasedWork,
          ownerId: '',
          announced: () => false,
          plainCall: () => ({}),
          logger: silentLogger,
        }),
      ),
    ]
    const inTable = Object.keys(METHOD_ROLES).filter(
      name => !isTool(name) && !name.startsWith('notifications/'),
    )
    expect(new Set(served)).toEqual(new Set(inTable))
  })

  it('has an entry for each tool that the node answers, and for no other', () => {
    const tools = [
      ...metaTools({ tools: new Map(), callTool: async () => ({ content: [] }) }),
      ...meshTools({
        queue: none as QueuePort,
        workers: none as WorkersPort,
        schedules: none as SchedulesPort,
        shutdown: () => {},
        workflows: none as WorkflowsPort,
        cache: none as UsersCache,
        callPeer: () => Promise.reject(new Error('not here')),
        callNode: () => Promise.reject(new Error('not here')),
        clock: new ManualClock(),
        catalogue: new Map(),
        authority: none as InvitesPort,
        peers: { list: () => [] },
        peersWith: () => new Set(),
        mesh: () => none as MeshPort,
        bootstrap: none as BootstrapPort,
        diagnosis: none as DiagnosisPort,
        connect: () => Promise.reject(new Error('not here')),
        peerId: '',
        origin: () => '',
      }),
    ]
    const names = tools.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(names)).toEqual(new Set(Object.keys(METHOD_ROLES).filter(isTool)))
    for (const { name, role } of tools) expect(METHOD_ROLES).toHaveProperty([name], role)
  })
})

function isTool(name: string): boolean {
  return name.startsWith('tools_') || name.startsWith('p2p_')
}
