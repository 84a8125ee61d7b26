import { z } from 'zod'
import { signedAnnouncement } from '../shared/mesh/peers/signed-announcement.ts'
import { NodeInfoError } from './errors.ts'

const nodeInfoSchema = z.object({
  peerId: z.string(),
  multiaddrs: z.array(z.string()),
  name: z.string(),
  version: z.string(),
  namespace: z.string().min(1),
  announcement: signedAnnouncement.optional().catch(undefined),
})

export type NodeInfo = z.infer<typeof nodeInfoSchema>

/** Where the node listens now: its ports and certificates may have changed since the last time. Throws NodeInfoError. */
export async function fetchNodeInfo(origin: string, signal: AbortSignal): Promise<NodeInfo> {
  const url = new URL('/.well-known/toolmesh.json', origin)
  let body: unknown
  try {
    const response = await fetch(url, { signal, cache: 'no-store' })
    if (!response.ok) throw new Error(`HTTP status ${response.status}`)
    body = await response.json()
  } catch (error) {
    if (signal.aborted) throw error
    throw new NodeInfoError(error instanceof Error ? error.message : String(error))
  }
  const parsed = nodeInfoSchema.safeParse(body)
  if (!parsed.success) throw new NodeInfoError(`${url.pathname} is not what a node serves`)
  return parsed.data
}
