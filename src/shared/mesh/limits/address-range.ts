import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * The addresses that count as one when a limit is counted by address. On the internet a range: one person has 256 IPv4
 * addresses as easily as one, and a whole /48 of IPv6 (RFC 6177: what one site gets). On a private network each address for
 * itself, as the machines of a house or an office are neighbours there. `open`: the loopback (a reverse proxy, the tabs of
 * this machine), and paths without an address of their own, which have been let in by a relay: only the limits of the
 * whole host count.
 */
export interface AddressRange {
  kind: 'public' | 'private' | 'open'
  /** The same for all addresses of the range, as `203.0.113.0/24`. */
  key: string
}

const OPEN: AddressRange = { kind: 'open', key: 'open' }

/** The range of the address that a connection came from. */
export function rangeOf(address: Multiaddr): AddressRange {
  for (const { name, value } of address.getComponents()) {
    if (name === 'p2p-circuit') return OPEN
    if (value === undefined) continue
    // What stands before a relay's own `/p2p-circuit` is the relay's address.
    if (name === 'ip4' || name === 'ip6') return isRelayed(address) ? OPEN : rangeOfIp(value)
  }
  return OPEN
}

/** As `rangeOf`, of an IP address as text; what is none is `open`. */
export function rangeOfIp(ip: string): AddressRange {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  const text = mapped?.[1] ?? ip
  if (text.includes(':')) return rangeOfIpv6(text)
  return rangeOfIpv4(text)
}

function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name === 'p2p-circuit')
}

function rangeOfIpv4(ip: string): AddressRange {
  const bytes = ip.split('.').map(Number)
  const [a = 0, b = 0, c = 0] = bytes
  if (bytes.length !== 4 || a === 127) return OPEN
  return isPrivateIpv4(a, b) ? { kind: 'private', key: ip } : { kind: 'public', key: `${a}.${b}.${c}.0/24` }
}

/** RFC 1918, RFC 3927 (link-local), RFC 6598 (behind a carrier's NAT). */
function isPrivateIpv4(a: number, b: number): boolean {
  if (a === 10) return true
  if (a === 172) return b >= 16 && b < 32
  if (a === 192) return b === 168
  if (a === 169) return b === 254
  return a === 100 && b >= 64 && b < 128
}

function rangeOfIpv6(ip: string): AddressRange {
  const groups = groupsOf(ip)
  if (groups === undefined || isLoopback(groups)) return OPEN
  const [first = 0] = groups
  // RFC 4193 (unique local), RFC 4291 (link-local).
  if ((first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80) {
    return { kind: 'private', key: groups.map(group => group.toString(16)).join(':') }
  }
  const site = groups.slice(0, 3).map(group => group.toString(16))
  return { kind: 'public', key: `${site.join(':')}::/48` }
}

function isLoopback(groups: readonly number[]): boolean {
  return groups.every((group, index) => group === (index === 7 ? 1 : 0))
}

/** The eight groups of an IPv6 address (RFC 4291 section 2.2); undefined for what is none. */
function groupsOf(ip: string): number[] | undefined {
  const [head = '', tail] = (ip.split('%')[0] ?? '').split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = 8 - left.length - right.length
  if (missing < 0 || (tail === undefined && missing !== 0)) return undefined
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right].map(group =>
    Number.parseInt(group, 16),
  )
  return groups.some(Number.isNaN) ? undefined : groups
}
