import { join } from 'node:path'
import { ToolmeshError } from '../../shared/errors.ts'
import type { Logger } from '../../shared/logger.ts'
import type { ToolDescriptor } from '../../shared/tools/tool.ts'
import type { Config } from '../config.ts'
import type { Node } from '../node.ts'
import { packageRoot, runsFromSource } from '../package-root.ts'
import { ListenError, PortInUseError } from './errors.ts'

/**
 * Makes what is stale (the list of tools, the pages) and starts a node with it.
 * @throws ToolmeshError with one clear line, whatever kept it from starting
 */
export async function openNode(config: Config, logger: Logger): Promise<Node> {
  const [{ createNode }, manifest] = await Promise.all([import('../node.ts'), freshBuild(config, logger)])
  try {
    return await createNode(config, { manifest, logger })
  } catch (error) {
    throw startupError(error, config)
  }
}

/** The pages hold the list of tools, so that is made first. */
async function freshBuild(config: Config, logger: Logger): Promise<ToolDescriptor[]> {
  const root = packageRoot()
  const { ensureManifest } = await import('../build/manifest.ts')
  const manifest = await ensureManifest({ root, out: join(root, 'dist', 'tools.json'), logger })
  if (!config.http.enabled || !runsFromSource) return manifest
  const { ensureWeb } = await import('../build/web.ts')
  await ensureWeb({ root, logger })
  return manifest
}

/** The platform's own errors of listening, in the words of the settings. */
function startupError(error: unknown, { http }: Config): unknown {
  if (error instanceof ToolmeshError || !(error instanceof Error) || !('code' in error)) return error
  if (error.code === 'EADDRINUSE') return new PortInUseError(http.host, http.port, error)
  const listening = ['EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(String(error.code))
  return listening && 'syscall' in error && error.syscall !== 'open'
    ? new ListenError(http.host, http.port, error.message, error)
    : error
}
