import type { MeshHostOptions } from '../host-contract.ts'
import type { DiscoverySource } from './discovery-source.ts'

/** A source that works by a part of libp2p: what the host has to be made with, and the source itself. */
export interface Libp2pSource extends Pick<MeshHostOptions, 'services' | 'peerDiscovery'> {
  source: DiscoverySource
}

/** The part that libp2p makes from `factory` when the host is made; throws before. */
export function capture<C, T>(
  factory: (components: C) => T,
): { factory: (components: C) => T; get: () => T } {
  let made: { part: T } | undefined
  return {
    factory(components) {
      const part = factory(components)
      made = { part }
      return part
    },
    get() {
      if (made === undefined) throw new Error('the host is not made yet')
      return made.part
    },
  }
}
