import type { Principal } from '../authority/principal.ts'
import { permits, requireRole } from '../authority/roles.ts'
import type { Clock } from '../clock.ts'
import { closestName } from '../tools/closest-name.ts'
import type { JsonObject, JsonSchema } from '../tools/tool.ts'
import { errorResultOf } from './call-result.ts'
import { type Callable, callableOf } from './callable.ts'
import { type CallRouter, catalogueTool, type ToolCatalogue } from './catalogue-tool.ts'
import { UnknownToolError } from './errors.ts'
import { metaTools } from './meta/meta-tools.ts'
import type { MeshResource } from './resources/mesh-resource.ts'
import { ResourceTable } from './resources/resource-table.ts'
import type { CallContext, CallResult, Surface, SurfaceTool, ToolListing } from './surface.ts'

/** Milliseconds that a direct call may run, unless the surface was given another limit: five minutes. */
export const DEFAULT_CALL_TIMEOUT_MS = 300_000

export interface SurfaceInit {
  name: string
  version: string
  /** What a client tells its model about this server. */
  instructions?: string
  /** What `tools/list` shows: `meta` (default) only the five meta tools, `flat` all that the caller may call. */
  listing?: 'meta' | 'flat'
  /** The tools that run on a runtime, and where. */
  catalogue: ToolCatalogue
  router: CallRouter
  /** The tools that the node itself answers, beside the meta tools. */
  tools?: readonly SurfaceTool[]
  resources?: readonly MeshResource[]
  clock: Clock
  callTimeoutMs?: number
}

/**
 * Everything that a client can reach: the catalogue's tools, the node's own, the five meta tools, the resources.
 * Meta tools and the node's own hide nothing: each tool can be called by its own name whatever the listing shows.
 */
export function createSurface(init: SurfaceInit): Surface {
  const { catalogue, router, listing = 'meta', callTimeoutMs = DEFAULT_CALL_TIMEOUT_MS } = init
  const tools = new Map<string, Callable>()
  const meta = metaTools({ tools, callTool })
  for (const descriptor of catalogue.list()) {
    tools.set(descriptor.name, callableOf(catalogueTool(descriptor, router, callTimeoutMs)))
  }
  for (const tool of [...(init.tools ?? []).map(callableOf), ...meta]) tools.set(tool.name, tool)
  const resources = new ResourceTable(init.resources ?? [], init.clock)

  async function callTool(name: string, input: JsonObject, context: CallContext): Promise<CallResult> {
    const tool = tools.get(name)
    if (tool === undefined) throw new UnknownToolError(name, closestName(name, tools.keys()))
    requireRole(context.principal, tool.role, name)
    try {
      return await tool.answer(input, context)
    } catch (error) {
      return errorResultOf(error)
    }
  }

  return {
    name: init.name,
    version: init.version,
    instructions: init.instructions ?? INSTRUCTIONS,
    listTools: principal => listingsFor(principal, listing === 'flat' ? tools.values() : meta),
    callTool,
    listResources: principal => resources.list(principal),
    listResourceTemplates: principal => resources.listTemplates(principal),
    readResource: (uri, principal) => resources.read(uri, principal),
    subscribe: (uri, principal, onUpdated) => resources.subscribe(uri, principal, onUpdated),
  }
}

const INSTRUCTIONS = `Tools that run on a mesh of this server, other nodes and browser tabs.
Find a tool with tools_search or tools_list_tools, read its parameters with tools_get_schema, and run it with tools_dispatch or by its own name.
For long or many calls submit tasks with p2p_taskqueue_submit and fetch them with p2p_taskqueue_get_result.
For calls that build on each other submit a workflow with p2p_workflow_submit and fetch it with p2p_workflow_result.`

/**
 * Clients hold what is structured against the listed schema, that of a failed call too: without this the SDK's shows its
 * user a mismatch instead of what went wrong.
 */
function orError(outputSchema: JsonSchema): JsonSchema {
  const { $schema, $defs, ...output } = outputSchema
  return {
    ...($schema === undefined ? {} : { $schema }),
    ...($defs === undefined ? {} : { $defs }),
    type: 'object',
    anyOf: [output, { required: ['code', 'message', 'retryable'] }],
  }
}

function listingsFor(principal: Principal, tools: Iterable<Callable>): ToolListing[] {
  return Array.from(tools)
    .filter(tool => permits(principal, tool.role))
    .map(({ name, title, description, inputSchema, outputSchema, annotations }) => ({
      name,
      title,
      description,
      inputSchema,
      ...(outputSchema === undefined ? {} : { outputSchema: orError(outputSchema) }),
      ...(annotations === undefined ? {} : { annotations }),
    }))
}
