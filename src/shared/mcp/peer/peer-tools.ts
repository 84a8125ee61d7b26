import type { SurfaceTool } from '../surface.ts'
import { type BootstrapComponents, bootstrapTool } from './bootstrap.ts'
import { type CallToolComponents, callToolTool } from './call-tool.ts'
import { cleanupTool } from './cleanup.ts'
import { type ConnectComponents, connectPeerTool } from './connect.ts'
import { type DiagnoseComponents, diagnoseTool } from './diagnose.ts'
import { disconnectPeerTool } from './disconnect.ts'
import { discoverTool } from './discover.ts'
import { getPublicIpTool } from './get-public-ip.ts'
import { type ListPeersComponents, listPeersTool } from './list.ts'
import { metricsTool } from './metrics.ts'
import { registerTool } from './register.ts'

/** The parts that the tools for peers speak for. */
export interface PeerToolsComponents
  extends ListPeersComponents,
    ConnectComponents,
    CallToolComponents,
    BootstrapComponents,
    DiagnoseComponents {}

/** The category `p2p_peer`. */
export function peerTools(parts: PeerToolsComponents): SurfaceTool[] {
  return [
    listPeersTool(parts),
    discoverTool(parts),
    registerTool(parts),
    bootstrapTool(parts),
    connectPeerTool(parts),
    disconnectPeerTool(parts),
    callToolTool(parts),
    metricsTool(parts),
    cleanupTool(parts.mesh),
    getPublicIpTool(parts.mesh),
    diagnoseTool(parts),
  ]
}
