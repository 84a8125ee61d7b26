import { CODE_IP4, CODE_IP6, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { ToolmeshError } from '../../errors.ts'
import { familiesInTurns } from './turns.ts'

/** Records of one name, and addresses that one name stands for, at most: a name is somebody else's word. */
const MOST_RECORDS = 32
/** A `/dnsaddr` may lead to another one, so many times. */
const MOST_HOPS = 4
/** Names that are asked for to resolve one address: each of a `/dnsaddr`'s records may be a name, with records again. */
const MOST_NAMES = 32

/** Asks for names. Left out where the platform dials names by itself and tells nothing of it, as a page. */
export interface NameResolver {
  /** IP addresses of a host, in the order in which to try them. Rejects when there are none. */
  addresses(host: string, family: 4 | 6 | undefined, signal: AbortSignal): Promise<string[]>
  /** TXT records of a name. Rejects when there are none. */
  texts(name: string, signal: AbortSignal): Promise<string[]>
}

/**
 * What stands for an address when its name is resolved: `/dns`, `/dns4` and `/dns6` by IP addresses, `/dnsaddr` by the
 * addresses of `expect`, or of any peer where that is undefined, in the name's TXT records (multiformats "dnsaddr" spec).
 * An address over TLS keeps its name, which its certificate is for. Throws `not_found` for a name that stands for nothing.
 */
export async function resolveNames(
  address: Multiaddr,
  options: { resolver: NameResolver; expect: string | undefined; signal: AbortSignal },
): Promise<Multiaddr[]> {
  return new Resolution(options).resolve(address, 0)
}

class Resolution {
  readonly #options: { resolver: NameResolver; expect: string | undefined; signal: AbortSignal }
  #asked = 0

  constructor(options: { resolver: NameResolver; expect: string | undefined; signal: AbortSignal }) {
    this.#options = options
  }

  async resolve(address: Multiaddr, hops: number): Promise<Multiaddr[]> {
    const { resolver, expect, signal } = this.#options
    const [first, ...rest] = address.getComponents()
    if (first?.value === undefined || !needsResolving(address)) return [address]
    const host = first.value
    this.#asked += 1
    if (this.#asked > MOST_NAMES) return []
    if (first.name === 'dnsaddr') {
      if (hops === MOST_HOPS) throw new ToolmeshError('not_found', `${host} leads from name to name`)
      const texts = await named(host, resolver.texts(`_dnsaddr.${host}`, signal))
      const found = texts.slice(0, MOST_RECORDS).flatMap(text => addressOfRecord(text, expect))
      if (found.length === 0) throw new ToolmeshError('not_found', `${host} names no address of this peer`)
      const further = await Promise.all(found.map(one => this.resolve(one, hops + 1)))
      return further.flat().slice(0, MOST_RECORDS)
    }
    const family = first.name === 'dns4' ? 4 : first.name === 'dns6' ? 6 : undefined
    const ips = await named(host, resolver.addresses(host, family, signal))
    if (keepsName(address)) return [address]
    const addresses = ips.slice(0, MOST_RECORDS).map(value => {
      const is6 = value.includes(':')
      return multiaddr([
        { code: is6 ? CODE_IP6 : CODE_IP4, name: is6 ? 'ip6' : 'ip4', value },
        ...rest,
      ]).toString()
    })
    return familiesInTurns(addresses).map(text => multiaddr(text))
  }
}

/** Whether an address begins with a name. */
export function needsResolving(address: Multiaddr): boolean {
  return /^dns(4|6|addr)?$/.test(address.getComponents()[0]?.name ?? '')
}

function keepsName(address: Multiaddr): boolean {
  const names = new Set(address.getComponents().map(({ name }) => name))
  return names.has('tls') || names.has('wss') || names.has('p2p-circuit')
}

/** `dnsaddr=<multiaddr>`; another record, or that of another peer, is none. */
function addressOfRecord(text: string, expect: string | undefined): Multiaddr[] {
  const found = /^dnsaddr=(.*)$/.exec(text.trim())?.[1]
  if (found === undefined) return []
  try {
    const address = multiaddr(found)
    const last = address.getComponents().at(-1)
    const isOther = last?.name === 'p2p' && expect !== undefined && last.value !== expect
    return isOther ? [] : [address]
  } catch {
    return []
  }
}

async function named(host: string, answer: Promise<string[]>): Promise<string[]> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ToolmeshError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new ToolmeshError('not_found', `the name ${host} was not resolved: ${why}`, { cause: error })
  }
}
