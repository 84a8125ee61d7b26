/** A real node as a child process: started from the checkout as a user starts it, on free ports, in a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { RuntimeName } from '../src/node/runtime-name.ts'
import { RUNTIME_ENV, runs, runsOn, TEST_RUNTIME } from '../src/node/test-runtime.fixture.ts'

export const ROOT = resolve(import.meta.dirname, '..')
export const BIN = join(ROOT, 'bin/toolmesh.mjs')
const READY_WITHIN_MS = 60_000

export interface NodeProcess {
  readonly child: ChildProcess
  readonly dataDir: string
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  readonly joinUrl: string
  /** All that it printed so far. */
  output(): string
  /** Sends the signal and waits until the process has gone; gives its exit code (null when a signal ended it). */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export async function freshDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'toolmesh-e2e-'))
}

/** Starts `toolmesh start` with these further arguments and waits until it printed that it is ready. */
export async function startNode(
  options: {
    dataDir?: string
    port?: number
    args?: string[]
    env?: Record<string, string>
    /** The command of another checkout. */
    bin?: string
    /** A command and its arguments that run it, as `ip netns exec <name>`. */
    within?: readonly string[]
    /** What runs it; as all tests have it unless given. */
    runtime?: RuntimeName
  } = {},
): Promise<NodeProcess> {
  const dataDir = options.dataDir ?? (await freshDir())
  const args = ['start', '--data-dir', dataDir, ...(options.args ?? [])]
  if (options.port !== undefined) args.push('--port', String(options.port))
  const [program, programArgs] = runsOn(options.runtime ?? TEST_RUNTIME, options.bin ?? BIN, ...args)
  const [command = program, ...before] = [...(options.within ?? []), program]
  const child = spawn(command, [...before, ...programArgs], {
    cwd: dataDir,
    env: { ...process.env, TOOLMESH_HTTP_PORT: '0', ...RUNTIME_ENV, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const exited = once(child, 'exit')
  const { promise: ready, resolve: onReady, reject } = Promise.withResolvers<RegExpMatchArray>()
  const collect = (chunk: Buffer) => {
    text += chunk.toString()
    const join = text.match(/(https?:\/\/[^\s/]+)\/join#v1\.[\w.-]+/)
    if (join !== null) onReady(join)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const timer = setTimeout(() => reject(new Error(`the node was not ready:\n${text}`)), READY_WITHIN_MS)
  void exited.then(() => reject(new Error(`the node ended before it was ready:\n${text}`)))
  const [joinUrl, origin] = await ready.finally(() => clearTimeout(timer))
  return {
    child,
    dataDir,
    origin: origin ?? '',
    joinUrl,
    output: () => text,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal)
        await exited
      }
      return child.exitCode
    },
  }
}

/** The command of an MCP server over stdio, as a client's settings hold it. */
export function stdioCommand(...args: string[]): { command: string; args: string[] } {
  const [command, all] = runs(BIN, ...args)
  return { command, args: all }
}

/** An MCP client of the node, as an editor would be. */
export async function connectClient(node: { origin: string }): Promise<Client> {
  const client = new Client({ name: 'e2e', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.origin)))
  return client
}

/** Calls a tool and gives its structured content; a result with `isError` is an error here. */
export async function callTool<T>(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<T> {
  const result = await client.callTool({ name, arguments: args })
  if (result.isError)
    throw new Error(`${name}: ${JSON.stringify(result.structuredContent ?? result.content)}`)
  return result.structuredContent as T
}

/** Tries until `check` holds, every 100 ms, for at most `withinMs`. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined>,
  withinMs = 60_000,
): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    const found = await check()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
