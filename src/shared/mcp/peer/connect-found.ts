import { z } from 'zod'
import { factsOf } from '../../errors.ts'
import type { Found, SourceName } from '../../mesh/discovery/discovery-source.ts'
import type { SignedAnnouncement } from '../../mesh/peers/announcement.ts'
import { errorFacts } from '../error-facts.ts'
import { peerIdAtEnd } from './address-input.ts'
import type { MeshPort } from './mesh-port.ts'
import { openSession, ownerOf } from './open-session.ts'
import { within } from './within.ts'

/** Found peers that one call takes at most. */
export const MAX_FOUND = 1_000
/** Peers that are dialled at once. */
const AT_ONCE = 8
/** Milliseconds for one of them. */
export const CONNECT_MS = 10_000

/** What becomes of what was found. */
export const bootstrapResultSchema = z.object({
  peer_id: z.string().exactOptional().describe('Absent where nobody answered at an address that names none.'),
  addresses: z.array(z.string()).describe('As they were found.'),
  outcome: z
    .enum(['connected', 'known', 'ignored', 'failed'])
    .describe(
      '`connected`: there is a session; `known`: it is in the peer book and was not dialled; `ignored`: nothing that can be used (another namespace, over its time, this node itself); `failed`: see error.',
    ),
  path: z.string().exactOptional(),
  ms: z.number().exactOptional().describe('Milliseconds until it was connected, or failed.'),
  error: errorFacts.exactOptional(),
})

export type BootstrapResult = z.infer<typeof bootstrapResultSchema>

export const connectInput = z
  .boolean()
  .default(true)
  .describe('Open a session with each; otherwise they are only kept in the peer book.')

export interface ConnectFoundOptions {
  /** Who told of them; undefined: the peer book has them already. */
  source: SourceName | undefined
  connect: boolean
  /** Milliseconds for each. */
  timeoutMs: number
  ownPeerId: string
  signal: AbortSignal
  /** Monotonic milliseconds. */
  now: () => number
}

/** Takes what was found into the peer book, and connects to it where that is wanted: what became of each, in its order. */
export async function connectFound(
  mesh: MeshPort,
  found: readonly Found[],
  options: ConnectFoundOptions,
): Promise<BootstrapResult[]> {
  const results: BootstrapResult[] = []
  const queue = found.slice(0, MAX_FOUND).entries()
  const one = async () => {
    for (const [index, each] of queue) {
      if (options.signal.aborted) return
      results[index] = await connectOne(mesh, each, options)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  return results.filter(result => result !== undefined)
}

async function connectOne(
  mesh: MeshPort,
  found: Found,
  { source, connect, timeoutMs, ownPeerId, signal, now }: ConnectFoundOptions,
): Promise<BootstrapResult> {
  const began = now()
  const told: Pick<BootstrapResult, 'peer_id' | 'addresses'> = whoAndWhere(found)
  try {
    return await within(timeoutMs, signal, 'connecting', async late => {
      if (told.peer_id === undefined && 'announcement' in found) return { ...told, outcome: 'ignored' }
      const id = told.peer_id ?? (await ownerOf(mesh, told.addresses[0] ?? '', late))
      told.peer_id = id
      if (id === ownPeerId) return { ...told, outcome: 'ignored' }
      const named = 'announcement' in found ? found : { addresses: told.addresses, peer_id: id }
      const heard = source === undefined ? 'known' : await mesh.book.hear(named, source)
      if (heard === 'ignored') return { ...told, outcome: 'ignored' }
      if (!connect) return { ...told, outcome: 'known' }
      const { path } = await openSession(mesh, { peerId: id, addresses: told.addresses, ownPeerId }, late)
      return { ...told, outcome: 'connected', path, ms: Math.round(now() - began) }
    })
  } catch (error) {
    return { ...told, outcome: 'failed', ms: Math.round(now() - began), error: factsOf(error) }
  }
}

/** As far as it can be said without asking anybody. */
function whoAndWhere(found: Found): Pick<BootstrapResult, 'peer_id' | 'addresses'> {
  const addresses = 'announcement' in found ? [] : found.addresses
  const peer_id =
    'announcement' in found
      ? speakerOf(found.announcement)
      : (found.peer_id ?? peerIdAtEnd(addresses[0] ?? ''))
  return { ...(peer_id === undefined ? {} : { peer_id }), addresses }
}

const named = z.object({ peer_id: z.string() })

/** Who an announcement says that it is of; the book is who checks that. */
function speakerOf({ text }: SignedAnnouncement): string | undefined {
  try {
    return named.parse(JSON.parse(text)).peer_id
  } catch {
    return undefined
  }
}
