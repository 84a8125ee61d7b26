/** A peer that works for one owner over TCP, as small as a worker can be: what benchmarks put on the other side. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { tcp } from '@libp2p/tcp'
import { noiseCrypto } from '../src/node/transports/noise-crypto.ts'
import { systemClock } from '../src/shared/clock.ts'
import { silentLogger } from '../src/shared/logger.ts'
import { createSurface } from '../src/shared/mcp/create-surface.ts'
import { OwnerLink } from '../src/shared/mcp/endpoint/owner-link.ts'
import { openPeerEndpoint } from '../src/shared/mcp/endpoint/peer-endpoint.ts'
import { createMeshHost } from '../src/shared/mesh/host.ts'
import { MeshSessionPool } from '../src/shared/mesh/pool/session-pool.ts'
import { AttemptRunner, type Execution } from '../src/shared/queue/worker/attempt-runner.ts'
import { MemoryOutbox } from '../src/shared/queue/worker/outbox.ts'
import type { Catalogue } from '../src/shared/tools/catalogue.ts'
import type { Json } from '../src/shared/tools/tool.ts'

export interface WorkerPeerInit {
  ownerId: string
  /** Where the owner listens on TCP. */
  address: string
  /** Of an invite for work. */
  secret: string
  /** Attempts at once. */
  credits: number
  /** The tools that it offers. */
  catalogue: Catalogue
  labels: string[]
  execute: (execution: Execution) => Promise<Json>
  /** The owner has taken it as its worker. */
  onOnline: () => void
}

export async function startWorkerPeer(init: WorkerPeerInit): Promise<{ close(): Promise<void> }> {
  const { ownerId, address, secret, credits, catalogue, labels, execute, onOnline } = init
  const runner = new AttemptRunner({
    instanceId: crypto.randomUUID(),
    execute,
    hasNotRun: () => false,
    outbox: new MemoryOutbox(),
    clock: systemClock,
    catalogue,
    capacity: credits,
  })
  const surface = createSurface({
    name: 'bench',
    version: '1',
    catalogue,
    router: { call: () => Promise.reject(new Error('this worker runs attempts only')) },
    clock: systemClock,
  })
  const host = await createMeshHost({
    transports: [tcp()],
    noiseCrypto,
    listen: [],
    privateKey: await generateKeyPair('Ed25519'),
    gater: { isGranted: peerId => peerId === ownerId },
    clock: systemClock,
    logger: silentLogger,
  })
  const pool = new MeshSessionPool({
    host,
    addressesOf: (_, given) => given,
    clock: systemClock,
    logger: silentLogger,
    random: Math.random,
  })
  const link = new OwnerLink({
    host,
    pool,
    ownerId,
    addresses: async () => [address],
    granted: false,
    secret,
    onGranted: async () => {},
    runner,
    open: session =>
      openPeerEndpoint({
        session,
        surface,
        authority: { principalOfPeer: () => undefined },
        worker: runner,
        logger: silentLogger,
      }),
    announcement: () => ({
      instance_id: runner.instanceId,
      tools: catalogue
        .list()
        .map(({ name, interface_cid, code_cid }) => ({ tool: name, interface_cid, code_cid })),
      labels,
      credits: runner.credits,
    }),
    clock: systemClock,
    logger: silentLogger,
    onState: state => {
      if (state.phase === 'online') onOnline()
    },
  })
  return {
    async close() {
      await link.close()
      pool.close()
      await host.close()
    },
  }
}
