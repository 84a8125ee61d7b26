/** A peer of its own that joins a running node and calls its tools over the session, as a node or a tab does. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection } from '@libp2p/interface'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { systemClock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { createSurface } from '../../src/shared/mcp/create-surface.ts'
import { openPeerEndpoint } from '../../src/shared/mcp/endpoint/peer-endpoint.ts'
import { FRAME_HEADER_BYTES } from '../../src/shared/mesh/frame.ts'
import { createMeshHost } from '../../src/shared/mesh/host.ts'
import type { MeshHostOptions } from '../../src/shared/mesh/host-contract.ts'
import { Catalogue } from '../../src/shared/tools/catalogue.ts'
import { openConnections } from '../open-connections.ts'
import { type CallTool, measure, type Samples } from './measure.ts'

export interface DialInit extends Pick<MeshHostOptions, 'transports' | 'noiseCrypto'> {
  peerId: string
  address: string
  /** Secret of an invite with the role `submit`. */
  secret: string
}

export interface Measured extends Samples {
  /** Bytes of each echo, and of the longer frame of each call. */
  bytes: number
}

const LIMIT_MS = 30_000

/** Dials, redeems, measures and leaves. */
export async function dialAndMeasure(init: DialInit): Promise<Measured> {
  const { peerId, address, secret, ...options } = init
  const connections = openConnections()
  const host = await createMeshHost({
    ...options,
    listen: [],
    privateKey: await generateKeyPair('Ed25519'),
    gater: { isGranted: id => id === peerId },
    clock: systemClock,
    logger: silentLogger,
    services: { benchConnections: connections.service },
  })
  try {
    const signal = AbortSignal.timeout(LIMIT_MS)
    const session = await host.connect([address], { expect: peerId, signal })
    const surface = createSurface({
      name: 'bench',
      version: '1',
      catalogue: new Catalogue([]),
      router: { call: () => Promise.reject(new Error('this peer runs nothing')) },
      clock: systemClock,
    })
    const nobody = { principalOfPeer: () => undefined }
    const endpoint = openPeerEndpoint({ session, surface, authority: nobody, logger: silentLogger })
    await endpoint.ready
    await endpoint.redeem(secret)
    const never = new AbortController().signal
    const call: CallTool = (name, input) =>
      endpoint.callTool(name, input, { timeoutMs: LIMIT_MS, signal: never })
    const bytes = await longestFrame(session.clientTransport, () =>
      call('crypto_hash', { text: 'a'.repeat(64) }),
    )
    const connection: Connection = connections.with(peerId, session.path)
    return { ...(await measure(connection, call, bytes)), bytes }
  } finally {
    await host.close()
  }
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
