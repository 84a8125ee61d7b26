import { z } from 'zod'
import { peerIdOf } from '../../authority/principal.ts'
import { InvalidInputError, ToolmeshError } from '../../errors.ts'
import { MAX_ADDRESSES } from '../../mesh/peers/announcement-limits.ts'
import { defineSurfaceTool } from '../define-surface-tool.ts'
import type { SurfaceTool } from '../surface.ts'
import { addressInput, peerIdAtEnd } from './address-input.ts'
import type { MeshAccess, MeshPort } from './mesh-port.ts'
import { ensureOther, ownerOf } from './open-session.ts'
import { peerIdInput } from './peer-id-input.ts'
import { sourceReportSchema, sourceReportView } from './source-report-view.ts'
import { within } from './within.ts'

/** Milliseconds for all sources, or for learning whose an address is. */
const REGISTER_MS = 15_000

export interface RegisterComponents {
  mesh: MeshAccess
  peerId: string
}

export function registerTool({ mesh, peerId }: RegisterComponents): SurfaceTool {
  return defineSurfaceTool({
    name: 'p2p_peer_register',
    category: 'p2p_peer',
    title: 'Register a peer',
    description:
      '{}: makes this node known anew by all its sources, at once. {addresses, peer_id?}: tells this node where a peer is, which is tried when the peer is needed. Over a session between peers it speaks for the calling peer, which tells its own addresses. Neither gives anybody a right.',
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    input: z.strictObject({
      addresses: z
        .array(addressInput)
        .min(1)
        .max(MAX_ADDRESSES)
        .exactOptional()
        .describe('Multiaddrs of one peer, best first.'),
      peer_id: peerIdInput
        .exactOptional()
        .describe('Whose they are; default: who stands at their end, or answers there.'),
    }),
    output: z.object({
      peer_id: z.string().describe('The peer that was registered.'),
      outcome: z
        .enum(['announced', 'new', 'changed', 'known', 'ignored'])
        .describe('What is known of it now; `ignored`: none of the addresses is one that can be dialled.'),
      addresses: z.array(z.string()).describe('Where it is, as far as is known now.'),
      sources: z.array(sourceReportSchema).exactOptional().describe('Of this node: how each source did.'),
    }),
    run({ addresses, peer_id }, { principal, signal }) {
      const speaker = peerIdOf(principal)
      if (addresses !== undefined)
        return within(REGISTER_MS, signal, 'registering', late =>
          tell(mesh(), addresses, { given: peer_id, speaker, own: peerId }, late),
        )
      if (peer_id !== undefined && peer_id !== peerId)
        throw new InvalidInputError('/addresses', undefined, 'the addresses of that peer')
      if (speaker !== undefined) throw new InvalidInputError('/addresses', undefined, 'your own addresses')
      return within(REGISTER_MS, signal, 'announcing', late => announce(mesh(), peerId, late))
    },
  })
}

async function announce(mesh: MeshPort, peerId: string, signal: AbortSignal) {
  if (mesh.own.current() === undefined)
    throw new ToolmeshError(
      'unavailable',
      'this node has no address at which others could reach it: see p2p.listen, and p2p_peer_get_public_ip',
      { field: 'p2p.listen', allowed: 'an address that others can reach' },
    )
  const reports = await mesh.discovery.announce(signal)
  return {
    peer_id: peerId,
    outcome: 'announced' as const,
    addresses: mesh.host.addresses(),
    sources: reports.map(sourceReportView),
  }
}

interface Whose {
  given: string | undefined
  /** The peer that tells it over its session. */
  speaker: string | undefined
  own: string
}

async function tell(mesh: MeshPort, addresses: string[], whose: Whose, signal: AbortSignal) {
  const { given, speaker, own } = whose
  if (speaker !== undefined && given !== undefined && given !== speaker)
    throw new InvalidInputError('/peer_id', given, `your own peer id ${speaker}, or left out`)
  const peer_id = speaker ?? given ?? (await ownerOf(mesh, addresses[0] ?? '', signal))
  ensureOther(peer_id, own)
  addresses.forEach((address, index) => {
    const end = peerIdAtEnd(address)
    if (end !== undefined && end !== peer_id)
      throw new InvalidInputError(`/addresses/${index}`, address, `an address of the peer ${peer_id}`)
  })
  const outcome = await mesh.book.hear(
    { addresses, peer_id },
    speaker === undefined ? 'configured' : 'exchange',
  )
  return { peer_id, outcome, addresses: mesh.book.addressesOf(peer_id) }
}
