/** A peer of its own that joins a running node and calls its tools over the session, as a node or a tab does. */
import { identify } from '@libp2p/identify'
import type { Connection } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/cfworker'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { systemClock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { redeemResult } from '../../src/shared/mcp/endpoint/protocol.ts'
import { pathOf } from '../../src/shared/mesh/connection-path.ts'
import { FRAME_HEADER_BYTES } from '../../src/shared/mesh/frame.ts'
import { createSession, SESSION_PROTOCOL } from '../../src/shared/mesh/session.ts'
import { DEFAULT_SESSION_LIMITS } from '../../src/shared/mesh/session-limits.ts'
import { measure, type Samples } from './measure.ts'

export interface DialInit {
  transports: NonNullable<Libp2pOptions['transports']>
  address: string
  /** Secret of an invite with the role `submit`. */
  secret: string
}

export interface Measured extends Samples {
  /** Bytes of each echo, and of the longer frame of each call. */
  bytes: number
}

/** Dials, redeems, measures and leaves. */
export async function dialAndMeasure({ transports, address, secret }: DialInit): Promise<Measured> {
  const libp2p = await createLibp2p({
    addresses: { listen: [] },
    transports,
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  })
  try {
    const connection = await libp2p.dial(multiaddr(address))
    const { client, bytes } = await openSession(connection, secret)
    return { ...(await measure(connection, client, bytes)), bytes }
  } finally {
    await libp2p.stop()
  }
}

async function openSession(
  connection: Connection,
  secret: string,
): Promise<{ client: Client; bytes: number }> {
  const session = createSession({
    stream: await connection.newStream(SESSION_PROTOCOL),
    peerId: connection.remotePeer.toString(),
    direction: 'outbound',
    path: pathOf(connection.remoteAddr),
    limits: DEFAULT_SESSION_LIMITS,
    clock: systemClock,
    logger: silentLogger,
    isTrusted: () => true,
  })
  const server = new Server({ name: 'bench', version: '1' }, { capabilities: {} })
  await server.connect(session.serverTransport)
  const client = new Client(
    { name: 'bench', version: '1' },
    { jsonSchemaValidator: new CfWorkerJsonSchemaValidator() },
  )
  await client.connect(session.clientTransport)
  await client.request({ method: 'toolmesh/redeem', params: { secret } }, redeemResult)
  const bytes = await longestFrame(session.clientTransport, () =>
    client.callTool({ name: 'crypto_hash', arguments: { text: 'a'.repeat(64) } }),
  )
  return { client, bytes }
}

/** The bytes of the longest frame, header included, that a call sends or receives. */
async function longestFrame(transport: Transport, call: () => Promise<unknown>): Promise<number> {
  const { onmessage } = transport
  const send = transport.send.bind(transport)
  let longest = 0
  const note = (message: unknown): void => {
    longest = Math.max(longest, new TextEncoder().encode(JSON.stringify(message)).length + FRAME_HEADER_BYTES)
  }
  transport.send = (message, options) => {
    note(message)
    return send(message, options)
  }
  transport.onmessage = (message, extra) => {
    note(message)
    onmessage?.(message, extra)
  }
  await call()
  transport.send = send
  if (onmessage !== undefined) transport.onmessage = onmessage
  return longest
}
