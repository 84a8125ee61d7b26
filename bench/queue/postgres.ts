import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { Server } from './server.ts'
import { removeFolder, temporaryFolder } from './temporary-folder.ts'

/** Where Debian puts each major version. */
const VERSIONS = '/usr/lib/postgresql'

/** What differs from PostgreSQL's defaults: room for the rows in memory, and statistics that keep up with a young table. */
const SETTINGS = {
  listen_addresses: '',
  max_connections: '300',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
  autovacuum_naptime: '1s',
  fsync: 'on',
  synchronous_commit: 'on',
}

const run = promisify(execFile)

/** The folder of the newest PostgreSQL's programs here; undefined where there is none. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined
  return readdirSync(VERSIONS)
    .sort((a, b) => Number(b) - Number(a))
    .map(version => join(VERSIONS, version, 'bin'))
    .find(folder => existsSync(join(folder, 'postgres')))
}

/** PostgreSQL with a new, empty cluster; anyone who reaches its socket is the user `bench`. */
export async function startPostgres(programs: string): Promise<Server> {
  const user = await unprivilegedUser()
  const folder = await temporaryFolder(user)
  const data = join(folder, 'data')
  const init = ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  await run(join(programs, 'initdb'), init, { ...user, cwd: folder })
  const settings = Object.entries({ ...SETTINGS, unix_socket_directories: folder })
  const args = ['-D', data, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const child = spawn(join(programs, 'postgres'), args, {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const ready = Promise.withResolvers<void>()
  createInterface(child.stderr).on('line', line => {
    if (line.includes('ready to accept connections')) ready.resolve()
  })
  void ended.then(() => ready.reject(new Error('postgres ended before it was ready')))
  await ready.promise
  return {
    pid: child.pid ?? 0,
    address: folder,
    async stop() {
      // A fast shutdown: it does not wait for clients.
      child.kill('SIGINT')
      await ended
      await removeFolder(folder)
    },
  }
}

/** PostgreSQL refuses to run as root: then it is Debian's `postgres`, or `nobody`. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map(line => line.split(':'))
  const found = ['postgres', 'nobody'].map(name => lines.find(([user]) => user === name)).find(Boolean)
  const [, , uid, gid] = found ?? []
  if (uid === undefined || gid === undefined) throw new Error('there is no user to run postgres as')
  return { uid: Number(uid), gid: Number(gid) }
}
