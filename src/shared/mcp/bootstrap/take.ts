import type { Found, SourceName } from '../../mesh/discovery/discovery-source.ts'
import { type BootstrapResult, CONNECT_MS, connectFound } from '../peer/connect-found.ts'
import type { BootstrapParts } from './bootstrap-parts.ts'

/** Takes what was found into the peer book, and connects to it where that is wanted. */
export function take(
  { mesh, peerId, clock }: BootstrapParts,
  found: readonly Found[],
  options: { source: SourceName; connect: boolean; signal: AbortSignal },
): Promise<BootstrapResult[]> {
  return connectFound(mesh(), found, {
    ...options,
    timeoutMs: CONNECT_MS,
    ownPeerId: peerId,
    now: () => clock.monotonic(),
  })
}
