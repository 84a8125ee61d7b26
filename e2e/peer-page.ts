/** A browser peer that is no tab of ours: the same host and transports, driven by a test in a page of its own. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/cfworker-provider.js'
import { z } from 'zod'
import { TAB_LISTEN, tabTransports } from '../src/browser/transports/tab-transports.ts'
import { systemClock } from '../src/shared/clock.ts'
import { silentLogger } from '../src/shared/logger.ts'
import { createMeshHost } from '../src/shared/mesh/host.ts'
import type { MeshHost } from '../src/shared/mesh/host-contract.ts'
import type { Session } from '../src/shared/mesh/session-contract.ts'

export interface PeerPage {
  start(): Promise<void>
  /** Opens a session; gives its path. */
  connect(addresses: string[], peerId: string): Promise<string>
  /** Redeems an invite on the open session with a node. */
  redeem(peerId: string, secret: string): Promise<void>
  /** Calls a tool on an open session; gives the code of the session's end if that comes first. */
  call(peerId: string, tool: string): Promise<string>
}

declare global {
  interface Window {
    peerPage: PeerPage
  }
}

let host: MeshHost

function sessionWith(peerId: string): Session {
  const session = host.session(peerId)
  if (session === undefined) throw new Error(`no session with ${peerId}`)
  return session
}

async function initialized(session: Session): Promise<Client> {
  const validator = new CfWorkerJsonSchemaValidator()
  const client = new Client({ name: 'peer-page', version: '1' }, { jsonSchemaValidator: validator })
  await client.connect(session.clientTransport)
  return client
}

window.peerPage = {
  async start() {
    host = await createMeshHost({
      transports: tabTransports(),
      listen: TAB_LISTEN,
      privateKey: await generateKeyPair('Ed25519'),
      gater: { isGranted: () => true },
      clock: systemClock,
      logger: silentLogger,
    })
  },
  async connect(addresses, expect) {
    return (await host.connect(addresses, { expect, signal: AbortSignal.timeout(30_000) })).path
  },
  async redeem(peerId, secret) {
    const client = await initialized(sessionWith(peerId))
    await client.request({ method: 'toolmesh/redeem', params: { secret } }, z.looseObject({}))
  },
  async call(peerId, name) {
    const session = sessionWith(peerId)
    const answer = initialized(session).then(client => client.callTool({ name, arguments: {} }))
    const ended = session.closed.then(end => end.code)
    return Promise.race([
      ended,
      answer.then(
        () => 'answered',
        () => ended,
      ),
    ])
  },
}
