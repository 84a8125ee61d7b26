import { ToolmeshError } from '../../errors.ts'

/** Codes by which a peer says that this node may not. */
const REFUSALS: ReadonlySet<string> = new Set(['unauthenticated', 'forbidden'])

/**
 * What a call to a peer is to be rejected with: its refusal says who was refused there, this node, so that no caller takes
 * it for his own credential's.
 */
export function asRefusedByPeer(error: unknown, peerId: string, tool: string): unknown {
  if (!(error instanceof ToolmeshError) || !REFUSALS.has(error.code)) return error
  return new ToolmeshError('forbidden', `the peer ${peerId} refuses ${tool} to this node: ${error.message}`, {
    cause: error,
  })
}
