/**
 * Run in a network of its own: two nodes of one namespace and one of another. Prints as JSON what the last of the two and
 * the stranger heard, once the last has heard of the first.
 */
import type { Found } from '../../shared/mesh/discovery/discovery-source.ts'
import { tcpHost } from '../../shared/mesh/mesh-pair.fixture.ts'
import { mdnsSource } from './mdns-source.ts'

async function node(namespace: string, onFound: (found: Found) => void) {
  const { source, peerDiscovery = [] } = await mdnsSource({ namespace })
  const host = await tcpHost({ peerDiscovery })
  source.listen?.(onFound)
  return host
}

const heardByStranger: Found[] = []
const heard = Promise.withResolvers<Found>()
const first = await node('toolmesh', () => {})
await node('other', found => heardByStranger.push(found))
await node('toolmesh', heard.resolve)
console.log(JSON.stringify({ first: first.addresses(), heard: await heard.promise, heardByStranger }))
process.exit(0)
