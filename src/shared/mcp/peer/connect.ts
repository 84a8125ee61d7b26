import { z } from 'zod'
import { type InviteLink, parseInvite } from '../../authority/invite-link.ts'
import { InvalidInputError } from '../../errors.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import { isoTime } from '../iso-time.ts'
import type { SurfaceTool } from '../surface.ts'
import { addressInput } from './address-input.ts'
import type { MeshAccess } from './mesh-port.ts'
import { connectionFields, openSession } from './open-session.ts'
import { peerIdInput } from './peer-id-input.ts'
import { within } from './within.ts'

/** Milliseconds for a session with a peer that was named. */
const CONNECT_MS = 30_000

/** Joins another node by its invite: dials it, redeems the secret there, offers it our work. */
export type ConnectPeer = (
  invite: InviteLink,
  signal: AbortSignal,
) => Promise<{ peer_id: string; roles: string[]; expires_at: string }>

export interface ConnectComponents {
  connect: ConnectPeer
  mesh: MeshAccess
  peerId: string
}

export function connectPeerTool({ connect, mesh, peerId }: ConnectComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_connect',
    category: 'p2p_peer',
    title: 'Connect to a peer',
    description:
      "Joins another node's mesh by its invite link ({invite}): from then on this node works for it, over restarts too. Or opens a session with a peer that is known ({peer_id}) or listens at an address ({address}); a session gives no rights, and closes when nobody uses it.",
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    input: z.strictObject({
      invite: z.string().min(1).max(2048).exactOptional().describe('The invite link.'),
      peer_id: peerIdInput.exactOptional().describe('Peer of p2p_peer_list or p2p_peer_discover.'),
      address: addressInput
        .exactOptional()
        .describe('Multiaddr where it listens; with peer_id: only that peer may answer there.'),
    }),
    output: z.object({
      peer_id: z.string().describe('The peer that was connected.'),
      roles: z.array(z.string()).exactOptional().describe('What this node may do there, by the invite.'),
      expires_at: isoTime.exactOptional().describe('When that ends.'),
      ...connectionFields,
    }),
    async run({ invite, peer_id, address }, { signal }) {
      if (invite !== undefined) {
        if (peer_id !== undefined) throw new InvalidInputError('/peer_id', peer_id, 'nothing beside invite')
        if (address !== undefined) throw new InvalidInputError('/address', address, 'nothing beside invite')
        return connect(parseInvite(invite), signal)
      }
      if (peer_id === undefined && address === undefined)
        throw new InvalidInputError('/peer_id', undefined, 'one of invite, peer_id and address')
      const target = {
        peerId: peer_id,
        addresses: address === undefined ? [] : [address],
        ownPeerId: peerId,
      }
      return within(CONNECT_MS, signal, 'connecting', late => openSession(mesh(), target, late))
    },
  })
}
