import type { Logger } from '../../shared/logger.ts'
import type { Config } from '../config.ts'
import type { Node } from '../node.ts'
import { freshBuild } from './fresh-build.ts'
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
