/** What can be looked at where no node answers. */
import { constants } from 'node:fs'
import { access, mkdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Check } from '../../../shared/mesh/diagnosis/check.ts'
import { moduleCheck } from '../../../shared/mesh/diagnosis/diagnose-self.ts'
import type { Config } from '../../config.ts'
import { nativeModules } from '../../diagnosis/native-modules.ts'
import { programAt } from './program-at.ts'

/** The data directory, the ports and the native modules, as a start would find them. */
export async function checksWithoutNode({ dataDir, http }: Config): Promise<Check[]> {
  const folder = await folderCheck(dataDir)
  return [
    folder,
    ...(folder.state === 'ok' ? [storeCheck(dataDir)] : []),
    ...(http.enabled && http.port !== 0 ? [await portCheck(http.host, http.port)] : []),
    ...(await nativeModules()).map(moduleCheck),
  ]
}

async function folderCheck(dataDir: string): Promise<Check> {
  const name = 'data'
  const isThere = await access(dataDir, constants.F_OK).then(
    () => true,
    () => false,
  )
  const trial = join(dataDir, '.doctor')
  try {
    await mkdir(dataDir, { recursive: true })
    await writeFile(trial, 'toolmesh')
    return { name, state: 'ok', summary: `${dataDir} can be written` }
  } catch (error) {
    return {
      name,
      state: 'failed',
      summary: `${dataDir} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      cause: 'data_dir',
      advice: 'Give the node a folder that this user may write to (--data-dir), with room on its disk.',
    }
  } finally {
    await rm(trial, { force: true }).catch(() => {})
    // Only while it is empty: a node that starts just now may have made it its own.
    if (!isThere) await rmdir(dataDir).catch(() => {})
  }
}

/** Whoever runs on the folder has its store locked. */
function storeCheck(dataDir: string): Check {
  const name = 'store'
  const path = join(dataDir, 'queue.db')
  try {
    const store = new DatabaseSync(path, { readOnly: true })
    try {
      store.prepare('SELECT count(*) FROM sqlite_master').get()
    } finally {
      store.close()
    }
    return { name, state: 'ok', summary: 'no other process has the task store open' }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (/unable to open/i.test(message)) return { name, state: 'ok', summary: 'there is no task store yet' }
    if (/locked|busy/i.test(message)) {
      return {
        name,
        state: 'failed',
        summary: `${path} is open in another process, which does not answer by HTTP`,
        cause: 'in_use',
        advice:
          'A node runs there with http.enabled off, or hangs: ask it by its own client, end it, or give this one a --data-dir of its own.',
      }
    }
    return {
      name,
      state: 'failed',
      summary: `${path} cannot be read: ${message}`,
      cause: 'store',
      advice:
        'Look at the disk; move the file away to begin with an empty store (tasks that are in it are then not run).',
    }
  }
}

async function portCheck(host: string, port: number): Promise<Check> {
  const name = 'port'
  const why = await new Promise<NodeJS.ErrnoException | undefined>(resolve => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
  if (why === undefined) return { name, state: 'ok', summary: `port ${port} of ${host} is free` }
  if (why.code !== 'EADDRINUSE') {
    return {
      name,
      state: 'failed',
      summary: `port ${port} of ${host} cannot be had: ${why.message}`,
      cause: 'port',
      advice:
        'Choose an address of this machine (--host) and a port that this user may have (--port, 1024 or more).',
    }
  }
  const program = await programAt(port)
  return {
    name,
    state: 'failed',
    summary: `port ${port} of ${host} is taken by ${program ?? 'another program'}`,
    cause: 'port_in_use',
    advice: 'End that program, or choose another port with --port.',
  }
}
