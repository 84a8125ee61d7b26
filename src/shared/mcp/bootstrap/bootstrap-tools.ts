import type { SurfaceTool } from '../surface.ts'
import type { BootstrapParts } from './bootstrap-parts.ts'
import { fromEnvTool } from './from-env.ts'
import { fromFileTool } from './from-file.ts'
import { fromPublicTool } from './from-public.ts'
import { listBootstrapTool } from './list.ts'

/** The category `p2p_bootstrap`. */
export function bootstrapTools(parts: BootstrapParts): SurfaceTool[] {
  return [fromFileTool(parts), fromEnvTool(parts), fromPublicTool(parts), listBootstrapTool(parts)]
}
