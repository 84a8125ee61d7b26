import { type Config, dialHost, type LoadedConfig } from '../config.ts'
import type { Invocation } from './command.ts'
import { UsageError } from './errors.ts'
import type { MeshClient, MeshTarget } from './mesh-client.ts'
import { trustOwnCertificate } from './own-certificate.ts'
import { runningNode } from './running-node.ts'
import { ownTerminal } from './terminal.ts'

/** Runs `work` with a client of the node that the command line names, and closes it whatever comes. */
export async function withClient(
  invocation: Invocation,
  work: (mesh: MeshClient) => Promise<void>,
): Promise<void> {
  const { MeshClient } = await import('./mesh-client.ts')
  const mesh = await MeshClient.connect(targetOf(invocation), ownTerminal())
  try {
    await work(mesh)
  } finally {
    await mesh.close()
  }
}

/**
 * The node to talk to: `--url`, else where flags say that one listens, else the one that runs on the data directory,
 * else where the other settings say.
 */
export function targetOf({ flags, loaded }: Pick<Invocation, 'flags' | 'loaded'>): MeshTarget {
  const given = flags.get('url')
  const known = given === undefined && !addressedByFlag(loaded) ? runningNode(loaded.config) : undefined
  const url = typeof given === 'string' ? given : (known?.url ?? configuredUrl(loaded.config))
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(`--url: got ${JSON.stringify(url)}, allowed: a URL as http://127.0.0.1:8420`)
  }
  if (url.startsWith('https:')) trustOwnCertificate(loaded.config)
  const token = flags.get('token') ?? (process.env.TOOLMESH_TOKEN || known?.token)
  return { url: new URL(url).origin, ...(typeof token === 'string' ? { token } : {}) }
}

function addressedByFlag({ origins }: LoadedConfig): boolean {
  return ['lan', 'http.host', 'http.port', 'http.tls'].some(path => origins.get(path)?.startsWith('--'))
}

/** Where a node with these settings is reached from the same machine. */
function configuredUrl({ http }: Config): string {
  return `${http.tls === 'off' ? 'http' : 'https'}://${dialHost(http.host)}:${http.port}`
}
