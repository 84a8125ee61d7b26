import { z } from 'zod'
import { CATALOGUE_TOOL_ROLE, type RoleNeed, requireRole, roleOf } from '../../authority/roles.ts'
import { InvalidInputError } from '../../errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { jsonObject, jsonValue } from '../json-object.ts'
import type { SurfaceTool } from '../surface.ts'
import type { CallPeer } from './call-peer.ts'
import { ensureOther } from './open-session.ts'
import { peerIdInput } from './peer-id-input.ts'

/** Milliseconds that the call may take unless the caller says otherwise, and at most. */
const CALL_MS = 60_000
const MAX_CALL_MS = 24 * 60 * 60 * 1000

/** They call another tool: what that one needs here could not be seen. */
const INDIRECT: ReadonlySet<string> = new Set(['tools_dispatch', 'p2p_peer_call_tool'])

/** Over there they show or change what this node owns, which is what all its callers have there, and their workflows that were handed over. */
const OF_OWNERS = /^p2p_(taskqueue|workflow)_(?!submit$)/

export interface CallToolComponents {
  callPeer: CallPeer
  peerId: string
}

export function callToolTool({ callPeer, peerId }: CallToolComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_call_tool',
    category: 'p2p_peer',
    title: 'Call a tool on a peer',
    description:
      'Runs one tool on one chosen peer and gives its result; a session is opened if there is none. The peer decides what this node may do there (`forbidden`), and you need the role of the tool here. To have the mesh choose a peer, call the tool by its own name; for work that has to survive a lost peer, submit a task with `target`.',
    annotations: { readOnlyHint: false, openWorldHint: true },
    input: z.strictObject({
      peer_id: peerIdInput.describe('Peer of p2p_peer_list or p2p_peer_discover.'),
      tool: z.string().min(1).max(128).describe('Name of the tool.'),
      params: jsonObject.default({}).describe('Its parameters (tools_get_schema).'),
      timeout_ms: z
        .int()
        .min(1)
        .max(MAX_CALL_MS)
        .default(CALL_MS)
        .describe('For the session and the call together; then the tool is cancelled.'),
    }),
    output: z.object({
      peer_id: z.string().describe('Where it ran.'),
      tool: z.string(),
      result: jsonValue.describe('What the tool gave.'),
    }),
    async run({ peer_id, tool, params, timeout_ms }, { principal, signal, onProgress, onLog }) {
      ensureOther(peer_id, peerId)
      if (INDIRECT.has(tool))
        throw new InvalidInputError('/tool', tool, 'the tool that is to run, by its own name')
      requireRole(principal, needThere(tool), `${tool} on another peer`)
      const options = { timeoutMs: timeout_ms, signal, onProgress, onLog }
      return { peer_id, tool, result: await callPeer(peer_id, tool, params, options) }
    },
  })
}

/**
 * What a caller needs here for a tool over there. There it is this node that asks: nobody speaks for it but its admin, and
 * who sees or changes only his own here has nothing of his own there.
 */
function needThere(tool: string): RoleNeed {
  const need = roleOf(tool) ?? CATALOGUE_TOOL_ROLE
  if (typeof need === 'object' && 'others' in need) return need.others
  if (!OF_OWNERS.test(tool)) return need
  if (need === 'submit' || tool === 'p2p_workflow_coordinate') return 'admin'
  return typeof need === 'object' ? 'read' : need
}
