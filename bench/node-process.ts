/** A node as a child process, started as `npm start` does, on a free port and in a data directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { RUNTIME_ENV, runs } from '../src/node/test-runtime.fixture.ts'

const ROOT = resolve(import.meta.dirname, '..')

const announcementSchema = z.object({
  peer_id: z.string(),
  multiaddrs: z.array(z.string()),
  mcp: z.string(),
})

export interface NodeProcess {
  pid: number
  peerId: string
  multiaddrs: string[]
  /** `http://127.0.0.1:<port>` */
  origin: string
  /** From the start of the process to its announcement, as seen from outside, ms. */
  readyMs: number
  /** Resident memory now, MiB. */
  residentMiB(): Promise<number>
  stop(): Promise<void>
}

export async function startNode(): Promise<NodeProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'toolmesh-bench-'))
  const { entry, command } = await startScript()
  const args = [...command, '--json', '--port', '0', '--data-dir', dataDir]
  const started = performance.now()
  const child = spawn(...runs(entry, ...args), {
    cwd: ROOT,
    env: { ...process.env, ...RUNTIME_ENV },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await firstLine(child)
  const readyMs = performance.now() - started
  const { peer_id, multiaddrs, mcp } = announcementSchema.parse(JSON.parse(line))
  if (child.pid === undefined) throw new Error('the node has no process')
  return {
    pid: child.pid,
    peerId: peer_id,
    multiaddrs,
    origin: new URL(mcp).origin,
    readyMs,
    residentMiB: () => residentMiB(child),
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** The arguments of `npm start`: what users run is what is measured. */
async function startScript(): Promise<{ entry: string; command: string[] }> {
  const manifest = z
    .object({ scripts: z.object({ start: z.string().startsWith('node ') }) })
    .parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')))
  const [, entry = '', ...command] = manifest.scripts.start.split(' ')
  return { entry, command }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the node has no output')
  const lines = createInterface(child.stdout)
  const line = await Promise.race([once(lines, 'line'), once(child, 'exit')])
  if (typeof line[0] !== 'string' || !line[0].startsWith('{'))
    throw new Error('the node ended before it was ready')
  return line[0]
}

async function residentMiB(child: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  return Number(kib) / 1024
}
