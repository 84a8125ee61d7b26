import { z } from 'zod'
import { ToolmeshError } from '../shared/errors.ts'
import { signedAnnouncement } from '../shared/mesh/peers/signed-announcement.ts'
import { httpGet } from './http-get.ts'

/** What another node says of itself at `/.well-known/toolmesh.json`. */
export const nodeInfo = z.object({
  peerId: z.string().max(128),
  multiaddrs: z.array(z.string()).max(256),
  namespace: z.string().max(128).optional().catch(undefined),
  /** What it says of itself, signed; one that cannot be read is as none. */
  announcement: signedAnnouncement.optional().catch(undefined),
})
export type NodeInfo = z.infer<typeof nodeInfo>

/** An answer longer than this is not a node's, bytes. */
export const MAX_INFO_BYTES = 256 * 1024

/** Path of the address file at a node's origin. */
export const INFO_PATH = '/.well-known/toolmesh.json'

/** The other node's address file cannot be had. */
export class NodeInfoError extends ToolmeshError {
  constructor(origin: string, why: string, cause?: unknown) {
    super('owner_unreachable', `the node at ${origin} does not answer: ${why}`, { cause })
  }
}

/** Where another node listens. Throws NodeInfoError. */
export async function fetchNodeInfo(origin: string, signal: AbortSignal): Promise<NodeInfo> {
  const url = new URL(INFO_PATH, origin)
  try {
    const { status, text } = await httpGet(url, { maxBytes: MAX_INFO_BYTES, signal })
    if (status !== 200) throw new Error(`HTTP status ${status}`)
    return nodeInfo.parse(JSON.parse(text))
  } catch (error) {
    throw new NodeInfoError(origin, error instanceof Error ? error.message : String(error), error)
  }
}
