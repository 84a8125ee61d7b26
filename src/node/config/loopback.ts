import { isIP, isIPv4 } from 'node:net'

/** Whether a server that listens on `host` can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (bare === 'localhost' || bare === '::1') return true
  return isIPv4(bare) && bare.startsWith('127.')
}

/** The multiaddr prefix that listens where `host` does: `/ip4/127.0.0.1`, `/ip4/0.0.0.0`, `/ip6/::`… */
export function listenPrefix(host: string): string {
  const bare = host.replace(/^\[|\]$/g, '')
  if (isLoopbackHost(bare)) return bare === '::1' ? '/ip6/::1' : '/ip4/127.0.0.1'
  const version = isIP(bare)
  if (version === 0) return '/ip4/0.0.0.0'
  return version === 4 ? `/ip4/${bare}` : `/ip6/${bare}`
}

/** The host to write into a URL for a client on this machine: one that can be dialled, brackets for IPv6. */
export function dialHost(host: string): string {
  const bare = host.replace(/^\[|\]$/g, '')
  if (bare === '0.0.0.0') return '127.0.0.1'
  if (bare === '::') return '[::1]'
  return bare.includes(':') ? `[${bare}]` : bare
}
