import type { OriginAnswer } from '../../shared/mesh/diagnosis/diagnosis-port.ts'
import { httpGet } from '../http-get.ts'
import { INFO_PATH, MAX_INFO_BYTES, NodeInfoError, nodeInfo } from '../node-info.ts'

/** What an origin says of itself and of the time. `now` gives epoch milliseconds. Throws NodeInfoError where nobody answers. */
export async function askOrigin(
  origin: string,
  { now, signal }: { now: () => number; signal: AbortSignal },
): Promise<OriginAnswer> {
  const asked = now()
  const answer = await httpGet(new URL(INFO_PATH, origin), { maxBytes: MAX_INFO_BYTES, signal }).catch(
    error => {
      throw new NodeInfoError(origin, whyOf(error), error)
    },
  )
  const answered = now()
  const { date } = answer
  const node = nodeOf(answer.text)
  return {
    asked,
    answered,
    ...(date === undefined ? {} : { date }),
    ...(node === undefined ? {} : { node }),
  }
}

/** Where a name has several addresses, Node tells of each. */
function whyOf(error: unknown): string {
  const [first = error] = error instanceof AggregateError ? error.errors : []
  return first instanceof Error ? first.message : String(first)
}

function nodeOf(text: string): OriginAnswer['node'] {
  try {
    const { peerId, multiaddrs, namespace } = nodeInfo.parse(JSON.parse(text))
    return { peer_id: peerId, addresses: multiaddrs, ...(namespace === undefined ? {} : { namespace }) }
  } catch {
    return undefined
  }
}
