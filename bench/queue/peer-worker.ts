/** One worker process of `peers-owner.ts`: `node peer-worker.ts <owner id> <address> <secret> <credits>`, told by messages. */
import { z } from 'zod'
import { startWorkerPeer } from '../worker-peer.ts'
import { CATALOGUE } from './open-queue.ts'

const [ownerId, address, secret, credits] = z
  .tuple([z.string(), z.string(), z.string(), z.coerce.number().int().positive()])
  .parse(process.argv.slice(2))

const worker = await startWorkerPeer({
  ownerId,
  address,
  secret,
  credits,
  catalogue: CATALOGUE,
  labels: [],
  execute: async () => ({}),
  onOnline: () => process.send?.('ready'),
})

process.on('message', async message => {
  if (message === 'cpu') {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpu_s: (user + system) / 1e6 })
    return
  }
  await worker.close()
  process.disconnect()
})
