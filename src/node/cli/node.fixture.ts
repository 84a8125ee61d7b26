import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { RUNTIME_ENV, runs } from '../test-runtime.fixture.ts'

export const BIN: string = resolve('bin/toolmesh.mjs')

export interface Ended {
  status: number
  stdout: string
  stderr: string
}

/** Runs one command to its end, with no settings but these. */
export function toolmesh(
  args: readonly string[],
  { env = {}, node, cwd = tmpdir() }: { env?: Record<string, string>; node?: string; cwd?: string } = {},
): Promise<Ended> {
  return new Promise(done => {
    const options = { cwd, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...RUNTIME_ENV, ...env } }
    const [command, all] = node === undefined ? runs(BIN, ...args) : [node, [BIN, ...args]]
    execFile(command, all, options, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      done({ status, stdout, stderr })
    })
  })
}

export interface Started {
  child: ChildProcess
  dataDir: string
  /** What `start --json` printed. */
  facts: { dashboard: string; mcp: string; peer_id: string; ready_ms: number; join: { url: string } }
  /** Sends a signal and gives the status of the process, or the signal's name where that ended it. */
  end(signal: NodeJS.Signals): Promise<number | string>
}

/** A node in a data directory of its own, on a free port, ready. */
export async function startedNode(
  args: readonly string[] = [],
  { dataDir = newFolder(), node }: { dataDir?: string; node?: string } = {},
): Promise<Started> {
  const start = ['start', '--json', '--port', '0', '--data-dir', dataDir, ...args]
  const [command, all] = node === undefined ? runs(BIN, ...start) : [node, [BIN, ...start]]
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...RUNTIME_ENV }
  const child = spawn(command, all, { cwd: tmpdir(), env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
  return {
    child,
    dataDir,
    facts: JSON.parse(String(line)),
    async end(signal) {
      child.kill(signal)
      const [status, by] = await ended
      return status ?? by
    },
  }
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'toolmesh-cli-'))
}
