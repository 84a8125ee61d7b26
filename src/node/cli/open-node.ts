import { join } from 'node:path'
import type { Logger } from '../../shared/logger.ts'
import type { ToolDescriptor } from '../../shared/tools/tool.ts'
import type { Config } from '../config.ts'
import type { Node } from '../node.ts'
import { packageRoot, runsFromSource } from '../package-root.ts'

/** Makes what is stale (the list of tools, the pages) and starts a node with it. */
export async function openNode(config: Config, logger: Logger): Promise<Node> {
  const [{ createNode }, manifest] = await Promise.all([import('../node.ts'), freshBuild(config, logger)])
  return createNode(config, { manifest, logger })
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
