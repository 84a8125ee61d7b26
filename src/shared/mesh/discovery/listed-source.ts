import type { DiscoverySource, Found, SourceName } from './discovery-source.ts'

/** Peers that somebody has listed: in the settings, in the environment. */
export function listedSource(
  name: Extract<SourceName, 'configured' | 'environment'>,
  list: readonly Found[],
): DiscoverySource {
  return {
    name,
    // What cannot change is told again before the book forgets it.
    everyMs: 10 * 60_000,
    async find(signal) {
      signal.throwIfAborted()
      return [...list]
    },
    close: async () => {},
  }
}
