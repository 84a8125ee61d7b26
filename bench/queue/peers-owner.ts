/**
 * `node peers-owner.ts <folder> <full|normal>`: this process owns a queue, whose tasks two other processes run over
 * sessions; prints what was measured as JSON.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { z } from 'zod'
import { noiseCrypto } from '../../src/node/transports/noise-crypto.ts'
import { Authority } from '../../src/shared/authority/authority.ts'
import { MemoryAuthorityStore } from '../../src/shared/authority/memory-authority-store.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { silentLogger } from '../../src/shared/logger.ts'
import { createSurface } from '../../src/shared/mcp/create-surface.ts'
import { openPeerEndpoint } from '../../src/shared/mcp/endpoint/peer-endpoint.ts'
import { createMeshHost } from '../../src/shared/mesh/host.ts'
import type { Queue } from '../../src/shared/queue/queue.ts'
import { BATCH, payloadOf } from './contender.ts'
import { cpuSeconds } from './cpu-time.ts'
import { CATALOGUE, NO_OP, openQueue } from './open-queue.ts'
import { CREDITS, type PeersRound, TASKS, WARM_UP_TASKS, WORKERS } from './peers-round.ts'

/** Submits that are under way at once. */
const BATCHES_IN_FLIGHT = 4

const cpu = z.object({ cpu_s: z.number() })

/** An owner with its store in `folder`, and two workers that dialled it. */
async function measurePeers(folder: string, synchronous: 'full' | 'normal'): Promise<PeersRound> {
  const { queue, close } = await openQueue(join(folder, 'queue.db'), synchronous)
  const privateKey = await generateKeyPair('Ed25519')
  const ownerId = peerIdFromPrivateKey(privateKey).toString()
  const authority = new Authority({
    store: new MemoryAuthorityStore(),
    clock: systemClock,
    random: bytes => crypto.getRandomValues(bytes),
    ownPeerId: ownerId,
  })
  const host = await createMeshHost({
    transports: [tcp()],
    noiseCrypto,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    privateKey,
    gater: authority,
    clock: systemClock,
    logger: silentLogger,
  })
  const surface = createSurface({
    name: 'bench',
    version: '1',
    catalogue: CATALOGUE,
    router: { call: () => Promise.reject(new Error('this owner runs nothing')) },
    clock: systemClock,
  })
  host.onSession(session => {
    openPeerEndpoint({ session, surface, authority, owner: queue, logger: silentLogger })
  })
  const { secret } = await authority.createInvite({ roles: ['work'], ttl_ms: 600_000, uses: WORKERS })
  const [address = ''] = host.addresses()
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, () => startWorker([ownerId, address, secret, String(CREDITS)])),
  )
  try {
    await runTasks(queue, WARM_UP_TASKS)
    const before = { owner: cpuSeconds(undefined), workers: await cpuOf(workers) }
    const started = performance.now()
    await runTasks(queue, TASKS)
    const seconds = (performance.now() - started) / 1000
    return {
      per_second: TASKS / seconds,
      owner_us: ((cpuSeconds(undefined) - before.owner) * 1e6) / TASKS,
      worker_us: (((await cpuOf(workers)) - before.workers) * 1e6) / TASKS,
    }
  } finally {
    await Promise.all(workers.map(stopWorker))
    await host.close()
    await close()
  }
}

/** Submits in batches while the workers run; resolves with the last end. */
async function runTasks(queue: Queue, tasks: number): Promise<void> {
  let left = tasks
  const done = Promise.withResolvers<void>()
  const stop = queue.onChange(({ state }) => {
    if (state === 'failed') done.reject(new Error('a task failed'))
    if (state === 'succeeded' && --left === 0) done.resolve()
  })
  let submitted = 0
  const lane = async (): Promise<void> => {
    while (submitted < tasks) {
      const first = submitted
      submitted += BATCH
      const requests = Array.from({ length: BATCH }, (_, index) => ({
        tool: NO_OP.name,
        params: { ...payloadOf(first + index) },
      }))
      await queue.submit('bench', requests)
    }
  }
  await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, lane))
  await done.promise
  stop()
}

async function startWorker(args: string[]): Promise<ChildProcess> {
  const worker = fork(resolve(import.meta.dirname, 'peer-worker.ts'), args)
  await once(worker, 'message')
  return worker
}

/** CPU seconds of all workers so far. */
async function cpuOf(workers: readonly ChildProcess[]): Promise<number> {
  const all = await Promise.all(
    workers.map(async worker => {
      const answer = once(worker, 'message')
      worker.send('cpu')
      return cpu.parse((await answer)[0]).cpu_s
    }),
  )
  return all.reduce((sum, each) => sum + each, 0)
}

async function stopWorker(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null) return
  const ended = once(worker, 'exit')
  worker.send('stop')
  await ended
}

const [folder, mode] = z.tuple([z.string(), z.enum(['full', 'normal'])]).parse(process.argv.slice(2))
process.stdout.write(`${JSON.stringify(await measurePeers(folder, mode))}\n`)
