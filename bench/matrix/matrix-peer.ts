/** One end of a cell of the matrix, the same in Node, Deno and a page: the real host and sessions, with tools to measure by. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { systemClock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { createSurface } from '../../src/shared/mcp/create-surface.ts'
import { openPeerEndpoint, type PeerEndpoint } from '../../src/shared/mcp/endpoint/peer-endpoint.ts'
import type { SurfaceTool } from '../../src/shared/mcp/surface.ts'
import { createMeshHost } from '../../src/shared/mesh/host.ts'
import type { MeshHostOptions } from '../../src/shared/mesh/host-contract.ts'
import type { Session } from '../../src/shared/mesh/session-contract.ts'
import { Catalogue } from '../../src/shared/tools/catalogue.ts'
import { openConnections } from '../open-connections.ts'
import { echoRate, echoTimes } from './raw-echo.ts'

/** How much a cell is measured by. */
export interface Effort {
  /** Round trips, of calls and of echoes. */
  calls: number
  /** Bytes of one large value, each way; 0: none is sent. */
  bytes: number
  /** How many of them, the best of which counts: a first one warms the path up. */
  values: number
}

export interface CellMeasured {
  path: string
  /** Milliseconds from nothing to an open session. */
  dialMs: number
  callMs: number[]
  echoMs: number[]
  /** MB/s of large values in a call's parameters, in its result, and of a raw echo, which goes both ways at once. */
  upMBs: number
  downMBs: number
  echoMBs: number
}

export interface MatrixPeer {
  peerId: string
  addresses(): string[]
  /** Opens a session by this address alone, measures on it, and closes it. */
  measure(address: string, peerId: string, effort: Effort): Promise<CellMeasured>
  /** Keeps a session with a relay, from which a slot comes; resolves when addresses by way of it are there. */
  join(address: string, relayId: string): Promise<void>
  close(): Promise<void>
}

const DIAL_MS = 30_000
const CALL_MS = 60_000
const SLOT_MS = 30_000
/** Bytes of the text of a small call. */
const SMALL = 64

export async function startMatrixPeer(
  options: Pick<MeshHostOptions, 'transports' | 'listen' | 'noiseCrypto' | 'relayServer'>,
): Promise<MatrixPeer> {
  const connections = openConnections()
  const host = await createMeshHost({
    ...options,
    privateKey: await generateKeyPair('Ed25519'),
    gater: { isGranted: () => true },
    clock: systemClock,
    logger: silentLogger,
    services: { benchConnections: connections.service },
  })
  const surface = createSurface({
    name: 'matrix',
    version: '1',
    listing: 'flat',
    catalogue: new Catalogue([]),
    router: { call: () => Promise.reject(new Error('nothing is routed here')) },
    tools: TOOLS,
    clock: systemClock,
  })
  const endpoints = new Map<Session, PeerEndpoint>()
  host.onSession(session => {
    const everybody = {
      principalOfPeer: (peerId: string) => ({ id: `peer:${peerId}`, roles: new Set(['admin'] as const) }),
    }
    endpoints.set(session, openPeerEndpoint({ session, surface, authority: everybody, logger: silentLogger }))
    void session.closed.then(() => endpoints.delete(session))
  })

  async function measure(address: string, peerId: string, effort: Effort): Promise<CellMeasured> {
    await host.dropPeer(peerId)
    const began = performance.now()
    const session = await host.connect([address], { expect: peerId, signal: AbortSignal.timeout(DIAL_MS) })
    const dialMs = performance.now() - began
    try {
      const endpoint = endpoints.get(session)
      if (endpoint === undefined) throw new Error('the session has no endpoint')
      await endpoint.ready
      const call = (tool: string, input: { text?: string; bytes?: number }) =>
        endpoint.callTool(tool, input, { timeoutMs: CALL_MS, signal: AbortSignal.timeout(CALL_MS) })
      const connection = connections.with(peerId, session.path)
      const small = { text: 'a'.repeat(SMALL) }
      const large = { text: 'a'.repeat(effort.bytes) }
      await timed(effort.calls / 4, () => call('bench_echo', small))
      return {
        path: session.path,
        dialMs,
        callMs: await timed(effort.calls, () => call('bench_echo', small)),
        echoMs: await echoTimes(connection, effort.calls),
        upMBs: await bestRate(effort, () => call('bench_sink', large)),
        downMBs: await bestRate(effort, () => call('bench_source', { bytes: effort.bytes })),
        echoMBs: effort.bytes === 0 ? 0 : await echoRate(connection, effort.bytes),
      }
    } finally {
      await host.dropPeer(peerId)
    }
  }

  return {
    peerId: host.peerId,
    addresses: () => host.addresses(),
    measure,
    async join(address, relayId) {
      const slot = Promise.withResolvers<void>()
      const look = (): void => {
        if (host.addresses().some(each => each.includes(relayId) && each.includes('/webrtc/'))) slot.resolve()
      }
      const stop = host.onAddresses(look)
      await host.connect([address], { expect: relayId, signal: AbortSignal.timeout(DIAL_MS) })
      look()
      const late = setTimeout(() => slot.reject(new Error('no slot came from the relay')), SLOT_MS)
      await slot.promise.finally(() => clearTimeout(late))
      stop()
    },
    close: () => host.close(),
  }
}

async function timed(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const began = performance.now()
    await work()
    times.push(performance.now() - began)
  }
  return times
}

async function bestRate({ bytes, values }: Effort, work: () => Promise<unknown>): Promise<number> {
  if (bytes === 0) return 0
  const times = await timed(values, work)
  return bytes / 1e6 / (Math.min(...times) / 1000)
}

const TEXT = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }
const BYTES = { type: 'object', properties: { bytes: { type: 'integer' } }, required: ['bytes'] }

const TOOLS: SurfaceTool[] = [
  tool('bench_echo', TEXT, TEXT, ({ text }) => ({ text: String(text) })),
  tool('bench_sink', TEXT, BYTES, ({ text }) => ({ bytes: String(text).length })),
  tool('bench_source', BYTES, TEXT, ({ bytes }) => ({ text: 'a'.repeat(Number(bytes)) })),
]

function tool(
  name: string,
  inputSchema: SurfaceTool['inputSchema'],
  outputSchema: NonNullable<SurfaceTool['outputSchema']>,
  run: (input: Record<string, unknown>) => Awaited<ReturnType<SurfaceTool['call']>>,
): SurfaceTool {
  return {
    name,
    category: 'bench',
    title: name,
    description: name,
    role: 'submit',
    inputSchema,
    outputSchema,
    call: async input => run(input),
  }
}
