import type { JsonObject } from '../../../shared/tools/tool.ts'

/** What a person names a peer by, as tools take it: an invite is a link, an address begins with a slash. */
export function peerInput(target: string): JsonObject {
  if (target.startsWith('/')) return { address: target }
  return target.includes('#') || target.includes('://') ? { invite: target } : { peer_id: target }
}
