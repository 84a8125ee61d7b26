import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { packageRoot } from '../package-root.ts'
import { targetOf } from './client-command.ts'
import { CLIENT_FLAGS, type Command, type Invocation } from './command.ts'
import { textFlag } from './flag-values.ts'
import type { MeshTarget } from './mesh-client.ts'
import { isNodeAt } from './node-probe.ts'
import { printJson } from './output.ts'
import { firstSignal } from './signals.ts'

export const command: Command = {
  usage: '[folder]',
  summary: 'Profile every README and Markdown file of a folder on the mesh, and report what they hold',
  positionals: [0, 1],
  flags: [
    {
      name: 'query',
      value: 'text',
      description: 'what to ask the documents (default: how to install and use it)',
    },
    { name: 'tabs-only', description: 'let only browser tabs do the work' },
    ...CLIENT_FLAGS,
  ],
  run: demo,
}

const DEFAULT_QUERY = 'how to install and use it'

/** A node to work with, and how to be done with it. */
interface Lent extends MeshTarget {
  /** Where an interrupted run is remembered; absent for a node that is gone with it. */
  record?: string
  release(): Promise<void>
}

async function demo(invocation: Invocation): Promise<void> {
  const stopped = new AbortController()
  void firstSignal().then(signal =>
    stopped.abort(new Error(`stopped by ${signal}; the same command goes on`)),
  )
  const node = await runningNode(invocation)
  try {
    await runOn(node, invocation, stopped.signal)
  } finally {
    await node.release()
  }
}

async function runOn(node: Lent, { flags, positionals }: Invocation, signal: AbortSignal): Promise<void> {
  const [{ MeshClient }, { runDemo }, { reportText }, { openRunRecord }] = await Promise.all([
    import('./mesh-client.ts'),
    import('../demo/run-demo.ts'),
    import('../demo/print-report.ts'),
    import('../demo/run-record.ts'),
  ])
  const folder = resolve(positionals[0] ?? join(packageRoot(), 'node_modules'))
  const record =
    node.record === undefined ? undefined : await openRunRecord(node.record, { url: node.url, folder })
  if (record?.resumed) process.stderr.write('going on with the run that was interrupted\n')
  const mesh = await MeshClient.connect(node)
  try {
    const result = await runDemo({
      mesh,
      folder,
      query: textFlag(flags, 'query') ?? DEFAULT_QUERY,
      runId: record?.runId ?? crypto.randomUUID(),
      requires: flags.has('tabs-only') ? ['kind:tab'] : [],
      signal,
      out: process.stderr,
    })
    await record?.ended()
    if (flags.has('json')) printJson(result)
    else process.stdout.write(reportText(result))
    if (result.report.failed.length > 0) process.exitCode = 1
  } finally {
    await mesh.close()
  }
}

/** The node of the settings or of `--url`; where none runs and none was named, one of the demo's own. */
async function runningNode({ flags, loaded }: Invocation): Promise<Lent> {
  const target = targetOf({ flags, loaded })
  const record = join(loaded.config.dataDir, 'demo-run.json')
  if (flags.has('url') || (await isNodeAt(target.url))) return { ...target, record, release: async () => {} }
  process.stderr.write(`no node at ${target.url}: starting one for this run only\n`)
  return ownNode(loaded.config)
}

async function ownNode(config: Config): Promise<Lent> {
  const { openNode } = await import('./open-node.ts')
  const { stderrLogger } = await import('./stderr-logger.ts')
  const dataDir = await mkdtemp(join(tmpdir(), 'toolmesh-demo-'))
  const http = { ...config.http, enabled: true, host: '127.0.0.1', port: 0, tls: 'off' as const }
  const own: Config = { ...config, dataDir, http, auth: { mode: 'local' } }
  const node = await openNode(own, stderrLogger(config.log))
  const { url } = await node.createInvite()
  process.stderr.write(`to help, open ${url}\n`)
  return {
    url: new URL(node.urls.mcp).origin,
    async release() {
      await node.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
