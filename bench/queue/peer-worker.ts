/** One worker process of `peers-owner.ts`: `node peer-worker.ts <owner id> <address> <secret> <credits>`, told by messages. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { tcp } from '@libp2p/tcp'
import { z } from 'zod'
import { noiseCrypto } from '../../src/node/transports/noise-crypto.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { createSurface } from '../../src/shared/mcp/create-surface.ts'
import { OwnerLink } from '../../src/shared/mcp/endpoint/owner-link.ts'
import { openPeerEndpoint } from '../../src/shared/mcp/endpoint/peer-endpoint.ts'
import { createMeshHost } from '../../src/shared/mesh/host.ts'
import { AttemptRunner } from '../../src/shared/queue/worker/attempt-runner.ts'
import { MemoryOutbox } from '../../src/shared/queue/worker/outbox.ts'
import { announcementOf, CATALOGUE } from './open-queue.ts'

const [ownerId, address, secret, credits] = z
  .tuple([z.string(), z.string(), z.string(), z.coerce.number().int().positive()])
  .parse(process.argv.slice(2))

const runner = new AttemptRunner({
  instanceId: crypto.randomUUID(),
  execute: async () => ({}),
  hasNotRun: () => false,
  outbox: new MemoryOutbox(),
  clock: systemClock,
  catalogue: CATALOGUE,
  capacity: credits,
})
const surface = createSurface({
  name: 'bench',
  version: '1',
  catalogue: CATALOGUE,
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
const link = new OwnerLink({
  host,
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
  announcement: () => announcementOf(runner.instanceId, runner.credits),
  clock: systemClock,
  logger: silentLogger,
  random: Math.random,
  onState: state => {
    if (state.phase === 'online') process.send?.('ready')
  },
})

process.on('message', async message => {
  if (message === 'cpu') {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpu_s: (user + system) / 1e6 })
    return
  }
  await link.close()
  await host.close()
  process.disconnect()
})
