import { hostname, networkInterfaces } from 'node:os'

/**
 * The names and addresses, without brackets, by which other machines reach this one: its host name, plain and
 * as multicast DNS has it, and the addresses of its network interfaces.
 */
export function ownHosts(): string[] {
  const name = hostname().toLowerCase()
  const addresses = Object.values(networkInterfaces())
    .flatMap(each => each ?? [])
    // A link-local IPv6 address needs a scope, which no URL carries.
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address)
  return [...new Set([name, ...(name.includes('.') ? [] : [`${name}.local`]), ...addresses])]
}
