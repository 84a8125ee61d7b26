import { isLoopback, relayOf } from '../peers/peer-address.ts'
import type { PeerEntry } from '../peers/peer-entry.ts'
import type { Reachability } from '../reach/reachability.ts'
import type { Check } from './check.ts'
import type { DiagnosedMesh } from './diagnosis-port.ts'

/** Who can open a connection to whom: this side as it knows it, the other as it says of itself. */
export async function reachChecks(
  mesh: Pick<DiagnosedMesh, 'reachability'>,
  other: PeerEntry | undefined,
  signal: AbortSignal,
): Promise<Check[]> {
  const own = await mesh.reachability.report({ refresh: false, signal })
  return [ownReachCheck(own), ...(other === undefined ? [] : [otherReachCheck(other)])]
}

/** How this peer can be reached. */
export function ownReachCheck({ nat, public_ips, addresses, relays }: Reachability): Check {
  const name = 'reach'
  const [likeliest] = public_ips
  const seenAs = likeliest === undefined ? '' : `, seen as ${likeliest.ip} (${likeliest.source})`
  const slots =
    relays.length === 0 ? '' : `; slots at ${relays.length} relay${relays.length === 1 ? '' : 's'}`
  const confirmed = addresses.filter(({ state }) => state === 'confirmed').length
  if (nat === 'public') {
    return { name, state: 'ok', summary: `others reach this peer${seenAs}; ${confirmed} confirmed${slots}` }
  }
  if (nat === 'private') {
    if (relays.length > 0) return { name, state: 'ok', summary: `behind a router${seenAs}${slots}` }
    return {
      name,
      state: 'warning',
      summary: `others cannot open a connection to this peer${seenAs}, and it has no relay`,
      cause: 'behind_nat',
      advice:
        'It reaches others, and nobody reaches it. Open a port (p2p.listen with a fixed port, p2p.announce with the public address, or p2p.upnp), or join a node that relays (p2p.relay there).',
    }
  }
  if (addresses.length > 0 && addresses.every(({ address }) => isLoopback(address))) {
    const summary =
      'it listens for this machine only: peers elsewhere cannot reach it (`--lan` or p2p.listen)'
    return { name, state: 'ok', summary }
  }
  return { name, state: 'ok', summary: `whether others reach this peer is not known yet${seenAs}${slots}` }
}

function otherReachCheck({ addresses, relay, kind, connected, path }: PeerEntry): Check {
  const name = 'their reach'
  const direct = addresses.filter(({ address }) => relayOf(address) === undefined)
  const relayed = addresses.length - direct.length
  const loopback = direct.filter(({ address }) => isLoopback(address)).length
  const summary = [
    `${direct.length} direct address${direct.length === 1 ? '' : 'es'}${loopback > 0 ? ` (${loopback} of this machine only)` : ''}`,
    `${relayed} through relays`,
    ...(relay === undefined ? [] : ['it relays for others']),
  ].join(', ')
  if (connected && path === 'relay') {
    return {
      name,
      state: 'warning',
      summary: `${summary}; the session goes through a relay`,
      cause: 'relayed',
      advice:
        'Both sides are behind routers that let nobody in, or UDP is blocked between them: it works, slower. A direct path is tried again by itself.',
    }
  }
  if (addresses.length === 0 && kind === 'tab')
    return { name, state: 'ok', summary: 'a tab: it dials, and is not dialled' }
  return { name, state: 'ok', summary }
}
