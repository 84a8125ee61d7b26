import { lookup, resolveTxt } from 'node:dns/promises'
import type { NameResolver } from '../../shared/mesh/dialling/name-resolution.ts'
import { unlessAborted } from '../../shared/mesh/unless-aborted.ts'

/** Resolves as the system does, its hosts file included, in the system's order of addresses (RFC 6724). */
export const systemResolver: NameResolver = {
  async addresses(host, family, signal) {
    const options = { all: true, order: 'verbatim', family: family ?? 0 } as const
    const found = await unlessAborted(lookup(host, options), signal)
    return found.map(({ address }) => address)
  },
  async texts(name, signal) {
    const records = await unlessAborted(resolveTxt(name), signal)
    return records.map(parts => parts.join(''))
  },
}
