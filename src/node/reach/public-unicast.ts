import { BlockList, isIP, isIPv4 } from 'node:net'

/** What is not an address of one host in the internet (IANA special-purpose registries, RFC 6890 and its updates). */
const SPECIAL = new BlockList()

for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  SPECIAL.addSubnet(network, prefix, 'ipv4')

for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  SPECIAL.addSubnet(network, prefix, 'ipv6')

/** What is given out at all: 2000::/3. */
const GIVEN_OUT = new BlockList()
GIVEN_OUT.addSubnet('2000::', 3, 'ipv6')

/** The address as it is, when it is a public unicast one. */
export function publicUnicast(ip: string): string | undefined {
  if (isIP(ip) === 0) return undefined
  if (isIPv4(ip)) return SPECIAL.check(ip, 'ipv4') ? undefined : ip
  return GIVEN_OUT.check(ip, 'ipv6') && !SPECIAL.check(ip, 'ipv6') ? ip : undefined
}
