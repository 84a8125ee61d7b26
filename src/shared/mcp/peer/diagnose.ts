import { z } from 'zod'
import { parseInvite } from '../../authority/invite-link.ts'
import { InvalidInputError } from '../../errors.ts'
import { diagnosePeer, type PeerTarget } from '../../mesh/diagnosis/diagnose-peer.ts'
import { diagnoseSelf } from '../../mesh/diagnosis/diagnose-self.ts'
import type { DiagnosisPort } from '../../mesh/diagnosis/diagnosis-port.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { addressInput, peerIdAtEnd } from './address-input.ts'
import type { MeshAccess } from './mesh-port.ts'
import { ensureOther } from './open-session.ts'
import { peerIdInput } from './peer-id-input.ts'

/** Milliseconds for all of it, unless the caller says otherwise; and at most. */
const DIAGNOSE_MS = 30_000
const MAX_DIAGNOSE_MS = 120_000

export interface DiagnoseComponents {
  mesh: MeshAccess
  diagnosis: DiagnosisPort
  peerId: string
}

const step = z.object({
  step: z.string(),
  ms: z.number(),
  error: z.object({ code: z.string(), message: z.string() }).exactOptional(),
})

const check = z.object({
  name: z.string().describe('What was looked at, as `address`, `session`, `clock`.'),
  state: z
    .enum(['ok', 'warning', 'failed', 'skipped'])
    .describe('`warning`: what was asked for works in spite of it; `skipped`: it could not be looked at.'),
  summary: z.string(),
  ms: z.number().exactOptional(),
  address: z.string().exactOptional().describe('Multiaddr that was dialled.'),
  steps: z.array(step).exactOptional().describe('Of that dial; the last one failed where there is an error.'),
  cause: z.string().exactOptional().describe('A stable word for why it is not well.'),
  advice: z.string().exactOptional().describe('What to do about it.'),
})

export function diagnoseTool({ mesh, diagnosis, peerId }: DiagnoseComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_diagnose',
    category: 'p2p_peer',
    title: 'Diagnose a peer, or this node',
    description:
      'Why a peer cannot be reached, and what to do: tries every address that is known or given, for real and all of them, then a session, what the peer lets this node do, and the clocks. Name it by peer_id, address or invite (which is not redeemed). Without any of them: how this node does, its addresses, NAT and relays, sources of peers, sessions, store, clock, native modules and certificate.',
    annotations: { readOnlyHint: true, openWorldHint: true },
    input: z.strictObject({
      peer_id: peerIdInput.exactOptional().describe('Peer of p2p_peer_list or p2p_peer_discover.'),
      address: addressInput
        .exactOptional()
        .describe('Multiaddr where it listens; with peer_id: only that peer may answer there.'),
      invite: z.string().min(1).max(2048).exactOptional().describe('Its invite link.'),
      refresh: z
        .boolean()
        .default(false)
        .describe('Without a peer: ask other peers anew how they see this node.'),
      timeout_ms: z.int().min(100).max(MAX_DIAGNOSE_MS).default(DIAGNOSE_MS).describe('For all of it.'),
    }),
    output: z.object({
      state: z.enum(['ok', 'warning', 'failed']).describe('The worst of the checks.'),
      peer_id: z.string().exactOptional(),
      name: z.string().exactOptional(),
      agent: z.string().exactOptional(),
      checks: z.array(check),
    }),
    async run({ peer_id, address, invite, refresh, timeout_ms }, { signal }) {
      const late = AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)])
      if (peer_id === undefined && address === undefined && invite === undefined) {
        return { peer_id: peerId, ...(await diagnoseSelf(mesh(), diagnosis, { refresh, signal: late })) }
      }
      if (refresh) throw new InvalidInputError('/refresh', refresh, 'nothing beside a peer')
      const target = targetOf({ peer_id, address, invite })
      if (target.peerId !== undefined) ensureOther(target.peerId, peerId)
      return diagnosePeer(mesh(), diagnosis, target, late)
    },
  })
}

interface Named {
  peer_id?: string | undefined
  address?: string | undefined
  invite?: string | undefined
}

/** Throws `invalid_input` where more than one thing names the peer, and they may differ. */
function targetOf({ peer_id, address, invite }: Named): PeerTarget {
  if (invite === undefined) {
    const addresses = address === undefined ? [] : [address]
    return { peerId: peer_id ?? peerIdAtEnd(address ?? ''), addresses, origin: undefined }
  }
  if (peer_id !== undefined) throw new InvalidInputError('/peer_id', peer_id, 'nothing beside invite')
  if (address !== undefined) throw new InvalidInputError('/address', address, 'nothing beside invite')
  const { peerId, origin } = parseInvite(invite)
  return { peerId, addresses: [], origin }
}
