import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../../package-root.ts'

/** The lines that a program prints when Deno runs it, with its QUIC. Rejects when it fails. */
export async function runOnDeno(program: string): Promise<string[]> {
  const deno = join(packageRoot(), 'node_modules', 'deno', 'deno')
  const { stdout } = await promisify(execFile)(deno, ['run', '-A', '--unstable-net', program], {
    timeout: 60_000,
    env: { ...process.env, NO_COLOR: '1' },
  })
  return stdout.trim().split('\n')
}
