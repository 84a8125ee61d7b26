import { watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import type { Logger } from '../../shared/logger.ts'
import type { DiscoverySource, Found } from '../../shared/mesh/discovery/discovery-source.ts'
import { RegistryFile } from './registry-file.ts'
import { RegistryFolder } from './registry-folder.ts'
import type { RegistryStore } from './registry-store.ts'

export interface FileRegistryInit {
  /** A file whose name ends with `.json`, or else a folder. */
  path: string
  peerId: string
  /** Wall clock, epoch milliseconds. */
  now: () => number
  logger: Logger
}

/**
 * Peers that share a disk: one JSON file, or a folder with a file for each. What changes is read at once where the file
 * system tells of it, and by looks where it does not (network drives).
 */
export function fileRegistry(init: FileRegistryInit): DiscoverySource {
  const { path, logger } = init
  const store: RegistryStore = path.endsWith('.json') ? new RegistryFile(init) : new RegistryFolder(init)
  const ended = new AbortController()
  const read = async (signal: AbortSignal): Promise<Found[]> =>
    (await store.read(signal)).map(announcement => ({ announcement }))
  return {
    name: 'file',
    everyMs: 30_000,
    publish: (announcement, signal) => store.write(announcement, signal),
    withdraw: signal => store.write(undefined, signal),
    find: read,
    listen(onFound) {
      const tell = onceAtATime(async () => {
        for (const found of await read(ended.signal)) onFound(found)
      })
      watchFolder(store, tell, ended.signal).catch(error =>
        logger('info', 'a registry of peers is not watched, only looked at', { path, error: String(error) }),
      )
      return () => ended.abort()
    },
    async close() {
      ended.abort()
    },
  }
}

async function watchFolder(store: RegistryStore, changed: () => void, signal: AbortSignal): Promise<void> {
  await mkdir(store.folder, { recursive: true })
  if (signal.aborted) return
  const { promise, reject } = Promise.withResolvers<never>()
  const watcher = watch(store.folder, { persistent: false, signal }, (_, file) => {
    if (file === null || store.concerns(file)) changed()
  })
  watcher.on('error', reject)
  await promise
}

/** Runs `work` at each call, one after the other; calls during one run are one more run. Its failures are the next look's. */
function onceAtATime(work: () => Promise<void>): () => void {
  let wanted = false
  let running = false
  const run = async () => {
    running = true
    while (wanted) {
      wanted = false
      await work().catch(() => {})
    }
    running = false
  }
  return () => {
    wanted = true
    if (!running) void run()
  }
}
