import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type RuntimeName, runtimeName } from './runtime-name.ts'

/**
 * What runs the nodes and commands that tests start as processes of their own: `TEST_RUNTIME=deno`, or `node`, which
 * is the default. Where Deno runs the tests themselves, it is Deno.
 */
export const TEST_RUNTIME: RuntimeName = namedRuntime() ?? runtimeName()

/**
 * Whether what npm installs is under test: its command is a script for Node, which starts itself again under a newer
 * one. Under Deno a person names the entry.
 */
export const STARTS_AS_NPM_COMMAND: boolean = TEST_RUNTIME === 'node'

/** What such a process has in its environment besides: Deno asks no server whether there is a newer Deno. */
export const RUNTIME_ENV: Record<string, string> =
  TEST_RUNTIME === 'deno' ? { DENO_NO_UPDATE_CHECK: '1' } : {}

/** Command and arguments of a process that runs a script there: `spawn(...runs(BIN, 'start'), options)`. */
export function runs(script: string, ...args: readonly string[]): [command: string, args: string[]] {
  return runsOn(TEST_RUNTIME, script, ...args)
}

/** The same, by a runtime that a test names itself. */
export function runsOn(
  runtime: RuntimeName,
  script: string,
  ...args: readonly string[]
): [command: string, args: string[]] {
  if (runtime === 'deno') return [denoBinary(), ['run', '-A', script, ...args]]
  return [runtimeName() === 'node' ? process.execPath : 'node', [script, ...args]]
}

function namedRuntime(): RuntimeName | undefined {
  const name = process.env.TEST_RUNTIME
  if (name === undefined || name === 'node' || name === 'deno') return name
  throw new Error(`TEST_RUNTIME: got ${JSON.stringify(name)}, allowed: node, deno`)
}

/** The binary itself, so that a signal meets the process that runs the script. */
function denoBinary(): string {
  const manifest = createRequire(import.meta.url).resolve('deno/package.json')
  return join(dirname(manifest), process.platform === 'win32' ? 'deno.exe' : 'deno')
}
