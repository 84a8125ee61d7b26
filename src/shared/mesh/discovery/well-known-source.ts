import type { SignedAnnouncement } from '../peers/announcement.ts'
import type { DiscoverySource, Found } from './discovery-source.ts'

/** What a node tells at `/.well-known/toolmesh.json`, as far as discovery reads it. */
export interface WellKnown {
  peerId: string
  multiaddrs: string[]
  announcement?: SignedAnnouncement | undefined
}

export interface WellKnownSourceInit {
  /** As `https://host:8420`. */
  origins: readonly string[]
  /** Asks one; throws where it does not answer. */
  ask: (origin: string, signal: AbortSignal) => Promise<WellKnown>
}

/** Nodes whose HTTP address is known, asked where they listen now. One that does not answer leaves the others. */
export function wellKnownSource({ origins, ask }: WellKnownSourceInit): DiscoverySource {
  return {
    name: 'well-known',
    everyMs: 5 * 60_000,
    longestBackoffMs: 5 * 60_000,
    async find(signal) {
      signal.throwIfAborted()
      const answers = await Promise.allSettled(origins.map(origin => ask(origin, signal)))
      const found = answers.flatMap(answer => (answer.status === 'fulfilled' ? foundIn(answer.value) : []))
      const failed = answers.find(answer => answer.status === 'rejected')
      if (found.length === 0 && failed !== undefined) throw failed.reason
      return found
    },
    close: async () => {},
  }
}

function foundIn({ peerId, multiaddrs, announcement }: WellKnown): Found[] {
  const at: Found = { peer_id: peerId, addresses: multiaddrs }
  return announcement === undefined ? [at] : [{ announcement }, at]
}
