import { type Config, dialHost } from '../config.ts'
import type { Invocation } from './command.ts'
import { UsageError } from './errors.ts'
import type { MeshClient, MeshTarget } from './mesh-client.ts'

/** Runs `work` with a client of the node that the command line names, and closes it whatever comes. */
export async function withClient(
  invocation: Invocation,
  work: (mesh: MeshClient) => Promise<void>,
): Promise<void> {
  const { MeshClient } = await import('./mesh-client.ts')
  const mesh = await MeshClient.connect(targetOf(invocation))
  try {
    await work(mesh)
  } finally {
    await mesh.close()
  }
}

/** The node to talk to: `--url`, else where the settings say that it listens. */
export function targetOf({ flags, loaded }: Pick<Invocation, 'flags' | 'loaded'>): MeshTarget {
  const given = flags.get('url')
  const token = flags.get('token') ?? process.env.TOOLMESH_TOKEN
  const url = typeof given === 'string' ? given : configuredUrl(loaded.config)
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(`--url: got ${JSON.stringify(url)}, allowed: a URL as http://127.0.0.1:8420`)
  }
  return { url: new URL(url).origin, token: typeof token === 'string' && token !== '' ? token : undefined }
}

/** Where a node with these settings is reached from the same machine. */
export function configuredUrl({ http }: Config): string {
  return `${http.tls === 'off' ? 'http' : 'https'}://${dialHost(http.host)}:${http.port}`
}
