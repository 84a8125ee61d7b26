import type { Clock } from '../../shared/clock.ts'
import type { PeerEndpoint } from '../../shared/mcp/endpoint/peer-endpoint.ts'
import type { DiagnosisPort } from '../../shared/mesh/diagnosis/diagnosis-port.ts'
import { askOrigin } from './ask-origin.ts'
import { certificateEnd } from './certificate-end.ts'
import { nativeModules } from './native-modules.ts'

/** Milliseconds for a peer to say what this node may do there. */
const RIGHTS_MS = 10_000

export interface NodeDiagnosisInit {
  namespace: string
  /** Work on the endpoint of a peer that there is a session with. */
  use: <T>(peerId: string, signal: AbortSignal, work: (endpoint: PeerEndpoint) => Promise<T>) => Promise<T>
  rightsHere: (peerId: string) => readonly string[]
  storeFailure: () => string | undefined
  /** Of the HTTP server; undefined while there is none. */
  url: () => string | undefined
  clock: Clock
}

/** What a diagnosis asks of a node's platform. */
export function nodeDiagnosis({
  namespace,
  use,
  rightsHere,
  storeFailure,
  url,
  clock,
}: NodeDiagnosisInit): DiagnosisPort {
  const now = () => clock.now()
  return {
    namespace,
    askOrigin: (origin, signal) => askOrigin(origin, { now, signal }),
    rightsAt: (peerId, signal) =>
      use(peerId, signal, endpoint => endpoint.toolsShown({ timeoutMs: RIGHTS_MS, signal })),
    rightsHere,
    modules: nativeModules,
    storeFailure,
    async certificateEnds() {
      const { protocol, hostname, port } = new URL(url() ?? 'http://localhost')
      if (protocol !== 'https:') return undefined
      return certificateEnd(hostname.replace(/^\[(.*)\]$/, '$1'), Number(port || 443))
    },
    now,
    monotonic: () => clock.monotonic(),
  }
}
