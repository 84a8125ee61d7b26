/**
 * Many workers in one process: `node hosts-process.ts <owner id> <address> <secret> <count>`, each a libp2p host of its own that
 * runs one task at a time. Says `joined` when all are taken; ends when its parent disconnects.
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { Catalogue } from '../../src/shared/tools/catalogue.ts'
import { parseManifest } from '../../src/shared/tools/manifest.ts'
import { runTool } from '../../src/shared/tools/run-tool.ts'
import timeWait from '../../tools/time/time_wait.ts'
import { startWorkerPeer } from '../worker-peer.ts'
import { HOST_LABEL } from './hosts.ts'

/** Hosts that dial at once. */
const AT_ONCE = 8

const [ownerId, address, secret, count] = z
  .tuple([z.string(), z.string(), z.string(), z.coerce.number().int().positive()])
  .parse(process.argv.slice(2))

const manifest = resolve(import.meta.dirname, '../../dist/tools.json')
const tools = parseManifest(JSON.parse(await readFile(manifest, 'utf8')))
const catalogue = new Catalogue(tools.filter(({ name }) => name === timeWait.name))

async function join(): Promise<void> {
  const online = Promise.withResolvers<void>()
  await startWorkerPeer({
    ownerId,
    address,
    secret,
    credits: 1,
    catalogue,
    labels: [HOST_LABEL],
    execute: ({ input, signal }) => runTool(timeWait, input, { signal, progress() {}, log() {} }),
    onOnline: online.resolve,
  })
  await online.promise
}

let left = count
async function lane(): Promise<void> {
  while (left-- > 0) await join()
}
await Promise.all(Array.from({ length: AT_ONCE }, lane))
process.once('disconnect', () => process.exit(0))
process.send?.('joined')
