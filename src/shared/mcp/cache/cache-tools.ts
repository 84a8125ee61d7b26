import type { SurfaceTool } from '../surface.ts'
import { type AtPeersComponents, atPeers } from './at-peers.ts'
import { deleteTool } from './delete.ts'
import { getTool } from './get.ts'
import { hasTool } from './has.ts'
import { setTool } from './set.ts'
import { statsTool } from './stats.ts'
import type { UsersCache } from './users-cache.ts'

/** The parts that the tools of the cache speak for. */
export interface CacheToolsComponents extends AtPeersComponents {
  cache: UsersCache
}

/** The category `p2p_cache`, on nodes and in tabs. */
export function cacheTools(parts: CacheToolsComponents): SurfaceTool[] {
  const tools = [getTool(parts), hasTool(parts), setTool(parts), deleteTool(parts), statsTool(parts)]
  return atPeers(tools, parts)
}
