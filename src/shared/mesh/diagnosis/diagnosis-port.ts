import type { Discovery } from '../discovery/discovery.ts'
import type { MeshHost } from '../host-contract.ts'
import type { PeerBook } from '../peers/peer-book-contract.ts'
import type { SessionPool } from '../pool/session-pool-contract.ts'
import type { ReachabilityReporter } from '../reach/reachability.ts'

/** What a diagnosis needs of the mesh. */
export interface DiagnosedMesh {
  readonly host: Pick<MeshHost, 'addresses' | 'connect' | 'ping' | 'session' | 'tryAddresses'>
  readonly pool: Pick<SessionPool, 'use' | 'metrics'>
  readonly book: Pick<PeerBook, 'entry' | 'addressesOf' | 'list' | 'size' | 'dialled'>
  readonly discovery: Pick<Discovery, 'lookFor' | 'reports'>
  readonly reachability: ReachabilityReporter
}

/** What an HTTP origin answered. */
export interface OriginAnswer {
  /** Its `Date`, epoch milliseconds, whole seconds; absent where it sent none. */
  date?: number
  /** Epoch milliseconds of this side before and after. */
  asked: number
  answered: number
  /** Of its address file, where it is a node's. */
  node?: { peer_id: string; addresses: string[]; namespace?: string }
}

/** A part of this peer that must be loadable, as `WebRTC`. */
export interface ModuleState {
  name: string
  /** Why it is not there; undefined where it is. */
  missing?: string
  /** What does not work without it. */
  without: string
}

/** What a diagnosis asks of this peer's platform, and of other peers by a session. */
export interface DiagnosisPort {
  readonly namespace: string
  /** Throws `owner_unreachable` where nobody answers. */
  askOrigin(origin: string, signal: AbortSignal): Promise<OriginAnswer>
  /** What this peer may do at another: how many tools it sees there; 0 where it may only work for it. Throws what that answers. */
  rightsAt(peerId: string, signal: AbortSignal): Promise<number>
  /** What another peer may do here; empty for one without a grant. */
  rightsHere(peerId: string): readonly string[]
  modules(): Promise<ModuleState[]>
  /** Why the task store takes no changes; undefined while it does. */
  storeFailure(): string | undefined
  /** When the TLS certificate of the HTTP server ends, epoch milliseconds; undefined where there is none. */
  certificateEnds(): Promise<number | undefined>
  now(): number
  /** Monotonic milliseconds. */
  monotonic(): number
}
