/** `toolmesh start` where it cannot: what it says, and its exit status. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { runs } from '../../src/node/test-runtime.fixture.ts'
import { BIN } from '../node-process.ts'

const run = promisify(execFile)
const WITHIN_MS = 60_000

export interface RefusedStart {
  code: number
  /** What it wrote on stderr: one line for a person. */
  stderr: string
  /** For a table. */
  text: string
}

/** Runs it in `cwd`; throws if it starts all the same, or does not end. */
export async function refusedStart(dataDir: string, cwd: string): Promise<RefusedStart> {
  const began = performance.now()
  try {
    await run(...runs(BIN, 'start', '--port', '0', '--data-dir', dataDir), {
      cwd,
      timeout: WITHIN_MS,
      killSignal: 'SIGKILL',
    })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'stderr' in error)) throw error
    const stderr = String(error.stderr).trim()
    if (typeof error.code !== 'number') throw new Error(`it did not refuse: ${stderr}`)
    const took = Math.round(performance.now() - began)
    return { code: error.code, stderr, text: `${error.code}, ${took} ms, ${stderr}` }
  }
  throw new Error(`it started on ${dataDir}`)
}
