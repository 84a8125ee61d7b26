import { multiaddr } from '@multiformats/multiaddr'
import type { MeshHost } from '../host-contract.ts'
import type { Session } from '../session-contract.ts'

/** Each costs a connection that gathers its candidates some packets; one that answers is enough. */
const MOST = 4

const LOOPBACK = /^(127\.|::1$|localhost$)/

/**
 * As WebRTC wants them: `stun:192.0.2.1:3478`, of the relays that there is a direct session with and that are trusted:
 * whoever answers says where this peer seems to be.
 */
export function stunServersOf(
  host: Pick<MeshHost, 'sessions' | 'remoteAddress'>,
  trusts: (session: Session) => boolean,
): string[] {
  const found = new Set<string>()
  for (const session of host.sessions().filter(trusts)) {
    const { stunPort, path } = session
    const at = path === 'relay' ? undefined : host.remoteAddress(session)
    const server = stunPort === undefined || at === undefined ? undefined : hostOf(at)
    if (server !== undefined) found.add(`stun:${server}:${stunPort}`)
    if (found.size === MOST) break
  }
  return [...found]
}

function hostOf(address: string): string | undefined {
  const [first] = multiaddr(address).getComponents()
  if (first?.value === undefined || LOOPBACK.test(first.value)) return undefined
  return first.name === 'ip6' ? `[${first.value}]` : first.value
}
