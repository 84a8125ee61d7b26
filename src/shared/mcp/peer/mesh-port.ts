import { ToolmeshError } from '../../errors.ts'
import type { DiagnosedMesh } from '../../mesh/diagnosis/diagnosis-port.ts'
import type { Discovery } from '../../mesh/discovery/discovery.ts'
import type { Found } from '../../mesh/discovery/discovery-source.ts'
import type { MeshHost } from '../../mesh/host-contract.ts'
import type { SignedAnnouncement } from '../../mesh/peers/announcement.ts'
import type { PeerBook } from '../../mesh/peers/peer-book-contract.ts'
import type { SessionPool } from '../../mesh/pool/session-pool-contract.ts'
import type { ReachabilityReporter } from '../../mesh/reach/reachability.ts'

/** The mesh of this node, as the tools for peers speak for it. */
export interface MeshPort {
  readonly host: DiagnosedMesh['host'] & Pick<MeshHost, 'whoIs' | 'roundTrip' | 'bytes'>
  readonly pool: Pick<SessionPool, 'use' | 'drop' | 'metrics' | 'lastDials'>
  readonly book: Pick<
    PeerBook,
    'hear' | 'dialled' | 'entry' | 'list' | 'toolsOf' | 'addressesOf' | 'cleanup' | 'size'
  >
  readonly discovery: Pick<Discovery, 'reports' | 'look' | 'lookFor' | 'announce'>
  readonly reachability: ReachabilityReporter
  /** What this node says of itself; undefined while there is no address at which it can be reached. */
  readonly own: { current(): SignedAnnouncement | undefined }
}

/** Gives the mesh; throws `unavailable` while there is none. */
export type MeshAccess = () => MeshPort

/** The mesh is switched off, or not up yet. */
export class NoMeshError extends ToolmeshError {
  constructor(isEnabled: boolean) {
    super(
      'unavailable',
      isEnabled ? 'the mesh is starting' : 'the mesh is switched off: set p2p.enabled to true',
      isEnabled ? {} : { field: 'p2p.enabled', value: false, allowed: 'true', retryable: false },
    )
  }
}

/** Where a node reads of other peers when it is told to. */
export interface BootstrapPort {
  readonly namespace: string
  /** `p2p.bootstrap`. */
  readonly configured: readonly string[]
  /** What the environment of the node says (`TOOLMESH_BOOTSTRAP_PEERS`). */
  readonly environment: readonly string[]
  /** Multiaddrs of known public nodes, by the name of the set. */
  readonly publicSets: Readonly<Record<string, readonly string[]>>
  /**
   * Reads a list, a registry file or the folder of a registry. Throws `not_found`, `invalid_input` for what is none or
   * too large.
   */
  readFile(path: string, signal: AbortSignal): Promise<BootstrapFile>
}

export interface BootstrapFile {
  /** Absolute. */
  path: string
  found: Found[]
  /** What could not be read, by its place (a line, an index, a file), never by its content. */
  refused: { at: string; reason: string }[]
}
