import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Server } from './server.ts'
import { removeFolder, temporaryFolder } from './temporary-folder.ts'

const PROGRAM = '/usr/bin/redis-server'

export const hasRedis = (): boolean => existsSync(PROGRAM)

/** Redis with its append-only file, synced as `appendfsync` says, and nothing else that writes. */
export async function startRedis(appendfsync: 'everysec' | 'always'): Promise<Server> {
  const folder = await temporaryFolder()
  const address = join(folder, 'redis.sock')
  const settings = { port: '0', unixsocket: address, dir: folder, save: '', appendonly: 'yes', appendfsync }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const ready = Promise.withResolvers<void>()
  createInterface(child.stdout).on('line', line => {
    if (/ready to accept connections/i.test(line)) ready.resolve()
  })
  void ended.then(() => ready.reject(new Error('redis-server ended before it was ready')))
  await ready.promise
  return {
    pid: child.pid ?? 0,
    address,
    async stop() {
      child.kill('SIGTERM')
      await ended
      await removeFolder(folder)
    },
  }
}
