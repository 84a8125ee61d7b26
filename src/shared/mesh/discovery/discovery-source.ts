import type { SignedAnnouncement } from '../peers/announcement.ts'

/** Where knowledge of peers comes from, each with a switch of its own. */
export const SOURCE_NAMES = [
  // `p2p.bootstrap`, and what a client gave by a tool.
  'configured',
  'environment',
  'file',
  // A node's `/.well-known/toolmesh.json`.
  'well-known',
  // libp2p's own bootstrap module.
  'bootstrap',
  'mdns',
  'dht',
  // The public hash table of libp2p, only where `p2p.bootstrap` names a public set.
  'public-dht',
  'pubsub',
  'github',
  // Peers that there is a session with tell each other of others.
  'exchange',
] as const

export type SourceName = (typeof SOURCE_NAMES)[number]

/** What a source found: a peer's own signed word, or an address where somebody is said to be. */
export type Found =
  | { announcement: SignedAnnouncement }
  /** Multiaddrs of one peer; without `peer_id` the address must be dialled to learn whose it is. */
  | { addresses: string[]; peer_id?: string }

/** What a source says of how it does. */
export interface SourceReport {
  name: SourceName
  /** Epoch milliseconds of the last look or hearing that worked. */
  last_success?: number
  last_failure?: number
  /** Of the last failure. */
  error?: { code: string; message: string }
  /** Looks, and what they gave, since start. */
  looks: number
  found: number
  published: number
}

/**
 * One way to find peers and to be found. Each driver runs `discovery-source.compliance.ts`. A driver has no timers of
 * its own for looking and publishing: `discovery.ts` calls it, bounds it in time, backs off, and reads what it finds.
 */
export interface DiscoverySource {
  readonly name: SourceName
  /** Milliseconds between two looks, and between two publications of the same words, when all goes well. */
  readonly everyMs: number
  /** Longest wait after failures, milliseconds; half an hour unless given. */
  readonly longestBackoffMs?: number
  /** Each publication travels to every peer: its publications come by the announce budget (`announce-budget.ts`). */
  readonly floods?: boolean
  /** Makes this peer known; an announcement replaces the one before. Left out by a source that only reads. */
  publish?(announcement: SignedAnnouncement, signal: AbortSignal): Promise<void>
  /** Takes back what was published, when the peer leaves. */
  withdraw?(signal: AbortSignal): Promise<void>
  /** One look. Left out by a source that only listens. */
  find?(signal: AbortSignal): Promise<Found[]>
  /** Asks for one peer. Left out where a look gives all that there is. */
  lookFor?(peerId: string, signal: AbortSignal): Promise<Found[]>
  /** Tells of each as it is heard; called once. The returned function ends it. */
  listen?(onFound: (found: Found) => void): () => void
  /** Calls back when what failed for want of somebody to talk to may work now. The returned function ends it. */
  onReady?(fn: () => void): () => void
  close(): Promise<void>
}
