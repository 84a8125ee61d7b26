import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { runsOn } from '../../../test-runtime.fixture.ts'

/** The lines that a program prints when Deno runs it. Rejects when it fails. */
export async function runOnDeno(program: string): Promise<string[]> {
  const [command, args] = runsOn('deno', program)
  const { stdout } = await promisify(execFile)(command, args, {
    timeout: 60_000,
    env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
  })
  return stdout.trim().split('\n')
}
