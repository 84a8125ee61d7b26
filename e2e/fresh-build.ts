import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ROOT } from './node-process.ts'

/** Builds what is stale before any test: a node would do it at its start, and two that start at once each in the other's way. */
export default async function freshBuild(): Promise<void> {
  await promisify(execFile)('npm', ['run', '-s', 'build'], { cwd: ROOT })
}
