import { join } from 'node:path'
import type { Logger } from '../../shared/logger.ts'
import type { ToolDescriptor } from '../../shared/tools/tool.ts'
import type { Config } from '../config.ts'
import type { Node } from '../node.ts'
import { packageRoot, runsFromSource } from '../package-root.ts'
import { noteRunningNode } from './running-node.ts'
import { packageVersion } from './version.ts'

/** Makes what is stale (the list of tools, the pages), starts a node with it, and notes where it is. */
export async function openNode(config: Config, logger: Logger): Promise<Node> {
  const [{ createNode }, manifest, version] = await Promise.all([
    import('../node.ts'),
    freshBuild(config, logger),
    packageVersion(),
  ])
  const node = await createNode(config, { manifest, version, logger })
  await noteRunningNode(node, config)
  return node
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
