import { InvalidInputError } from '../../shared/errors.ts'
import { type BootstrapPeers, bootstrapPeers } from '../../shared/mesh/discovery/bootstrap-peers.ts'

/** The variable that lists peers to begin with, for machines that are set up by their environment (containers, CI). */
export const ENVIRONMENT_PEERS = 'TOOLMESH_BOOTSTRAP_PEERS'

/** Peers that the variable may list. */
const MAX_LISTED = 64

/** The addresses in the value of the variable, separated by commas. Throws InvalidInputError. */
export function environmentAddresses(value: string | undefined): string[] {
  const addresses = (value ?? '')
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
  if (addresses.length > MAX_LISTED)
    throw new InvalidInputError(ENVIRONMENT_PEERS, addresses.length, `at most ${MAX_LISTED} multiaddrs`)
  return addresses
}

/** The same by whose they are. Throws InvalidInputError. */
export function environmentPeers(value: string | undefined): BootstrapPeers {
  return bootstrapPeers(ENVIRONMENT_PEERS, environmentAddresses(value))
}
