import { afterEach, describe, expect, it } from 'vitest'
import { Authority } from '../shared/authority/authority.ts'
import { MemoryAuthorityStore } from '../shared/authority/memory-authority-store.ts'
import { systemClock } from '../shared/clock.ts'
import { silentLogger } from '../shared/logger.ts'
import { RecordingOwner, ScriptedWorker, surfaceOf } from '../shared/mcp/endpoint/endpoint-pair.fixture.ts'
import { openPeerEndpoint } from '../shared/mcp/endpoint/peer-endpoint.ts'
import type { MeshHost } from '../shared/mesh/host-contract.ts'
import { openSession, tcpHost } from '../shared/mesh/mesh-pair.fixture.ts'
import { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import { MeshSessionPool } from '../shared/mesh/pool/session-pool.ts'
import { Router } from '../shared/router/router.ts'
import { PeerSessions } from './peer-sessions.ts'

const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function host(): Promise<MeshHost> {
  const made = await tcpHost()
  ends.push(() => made.close())
  return made
}

function sessionsOf(own: MeshHost): { sessions: PeerSessions; book: LocalPeerBook } {
  const common = { clock: systemClock, logger: silentLogger, random: Math.random }
  const book = new LocalPeerBook({
    ...common,
    ownPeerId: own.peerId,
    from: 'node',
    verify: async () => undefined,
    isGranted: () => true,
    isHere: () => true,
  })
  const pool = new MeshSessionPool({ ...common, host: own, addressesOf: (_, given) => given })
  const sessions = new PeerSessions({
    ...common,
    host: own,
    pool,
    surface: surfaceOf(),
    authority: new Authority({
      store: new MemoryAuthorityStore(),
      clock: systemClock,
      random: bytes => crypto.getRandomValues(bytes),
      ownPeerId: own.peerId,
    }),
    owner: new RecordingOwner(),
    worker: new ScriptedWorker(),
    router: new Router({ runtimes: [], clock: systemClock, logger: silentLogger }),
    book,
    leasedTo: () => 0,
  })
  ends.push(() => {
    sessions.close()
    pool.close()
    book.close()
  })
  return { sessions, book }
}

describe('the sessions of a node', () => {
  it('are served too where they began before the node was put together', async () => {
    const [left, right] = [await host(), await host()]
    const { dialled, accepted } = await openSession(left, right)
    const far = openPeerEndpoint({
      session: dialled,
      surface: surfaceOf(),
      authority: { principalOfPeer: () => undefined },
      logger: silentLogger,
    })
    const { sessions, book } = sessionsOf(right)
    expect(sessions.endpointOf(accepted)).toBeDefined()
    await far.ready
    expect(book.brief(left.peerId)).toBeDefined()
  })
})
