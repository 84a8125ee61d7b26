import { get as getHttp } from 'node:http'
import { get as getHttps } from 'node:https'
import { z } from 'zod'
import { ToolmeshError } from '../shared/errors.ts'
import { signedAnnouncement } from '../shared/mesh/peers/signed-announcement.ts'

/** What another node says of itself at `/.well-known/toolmesh.json`. */
const nodeInfo = z.object({
  peerId: z.string().max(128),
  multiaddrs: z.array(z.string()).max(256),
  /** What it says of itself, signed; one that cannot be read is as none. */
  announcement: signedAnnouncement.optional().catch(undefined),
})
export type NodeInfo = z.infer<typeof nodeInfo>

/** An answer longer than this is not a node's, bytes. */
const MAX_BYTES = 256 * 1024

/** The other node's address file cannot be had. */
export class NodeInfoError extends ToolmeshError {
  constructor(origin: string, why: string, cause?: unknown) {
    super('owner_unreachable', `the node at ${origin} does not answer: ${why}`, { cause })
  }
}

/**
 * Where another node listens. Its certificate is not checked: nodes on a local network sign their own, nothing
 * secret is sent, and who answers at an address is proved by the peer id when it is dialled. Throws NodeInfoError.
 */
export async function fetchNodeInfo(origin: string, signal: AbortSignal): Promise<NodeInfo> {
  const url = new URL('/.well-known/toolmesh.json', origin)
  try {
    return nodeInfo.parse(JSON.parse(await body(url, signal)))
  } catch (error) {
    throw new NodeInfoError(origin, error instanceof Error ? error.message : String(error), error)
  }
}

function body(url: URL, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getHttps : getHttp
    const request = get(url, { signal, rejectUnauthorized: false }, response => {
      if (response.statusCode !== 200) {
        response.resume()
        reject(new Error(`HTTP status ${response.statusCode}`))
        return
      }
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > MAX_BYTES) request.destroy(new Error(`more than ${MAX_BYTES} bytes`))
      })
      response.on('end', () => resolve(text))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}
