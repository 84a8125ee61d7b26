import type { Principal } from '../authority/principal.ts'
import type { RoleNeed } from '../authority/roles.ts'
import type { Json, JsonObject, JsonSchema, LogLine, Progress } from '../tools/tool.ts'

/** One request on the surface, as its binding (HTTP, stdio, libp2p) established it. */
export interface CallContext {
  readonly principal: Principal
  readonly signal: AbortSignal
  /** The caller reads only `structuredContent`, so its text is left out: half the bytes for a large result. */
  readonly structuredOnly?: boolean
  onProgress?: (progress: Progress) => void
  onLog?: (line: LogLine) => void
  /** Asks the caller's user; absent where its client cannot. */
  elicit?: Elicit
}

/**
 * Asks a person, by MCP's form elicitation: `schema` is an object of plain fields (without one there is only to accept).
 * What was filled in, undefined when the person refused, did not answer in time or could not be asked. An abort takes
 * the question back.
 */
export type Elicit = (
  question: { message: string; schema?: JsonSchema },
  signal: AbortSignal,
) => Promise<JsonObject | undefined>

/** MCP's tool annotations (hints for a client). */
export interface ToolAnnotations {
  readOnlyHint?: boolean
  destructiveHint?: boolean
  idempotentHint?: boolean
  openWorldHint?: boolean
}

/** A tool as `tools/list` shows it. */
export interface ToolListing {
  name: string
  title: string
  description: string
  inputSchema: JsonSchema
  outputSchema?: JsonSchema
  annotations?: ToolAnnotations
}

/** A result of `tools/call`: MCP's CallToolResult, in plain JSON. */
export interface CallResult {
  content: { type: 'text'; text: string }[]
  structuredContent?: JsonObject
  isError?: boolean
}

/** A tool that the node itself answers (meta and mesh tools), in a category like any other. */
export interface SurfaceTool extends ToolListing {
  category: string
  /** What a caller needs; mesh tools narrow their answer to the caller's own where it has only `submit`. */
  role: RoleNeed
  call(input: JsonObject, context: CallContext): Promise<Json>
}

export interface ResourceListing {
  uri: string
  name: string
  title: string
  description: string
  mimeType: 'application/json'
}

export interface ResourceTemplateListing extends Omit<ResourceListing, 'uri'> {
  uriTemplate: string
}

/** Everything that a client can reach, without any SDK's classes; bindings serve it. */
export interface Surface {
  readonly name: string
  readonly version: string
  readonly instructions: string
  listTools(principal: Principal): ToolListing[]
  /** Throws only protocol errors (unknown tool, authority, limits); all else is a result with `isError`. */
  callTool(name: string, input: JsonObject, context: CallContext): Promise<CallResult>
  listResources(principal: Principal): ResourceListing[]
  listResourceTemplates(principal: Principal): ResourceTemplateListing[]
  /** JSON of one resource; throws `not_found` for an unknown URI. */
  readResource(uri: string, principal: Principal): Promise<Json>
  /** Calls `onUpdated` after changes, at most four times a second; the returned function ends it. */
  subscribe(uri: string, principal: Principal, onUpdated: () => void): () => void
}
