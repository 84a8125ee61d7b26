import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, it } from 'vitest'
import type { TransportFactory } from './transport-factory.ts'
import { withPaths } from './websocket-path.ts'

const AT = '/ip4/192.0.2.1/tcp/443/tls/ws/http-path'

it.each([
  [`${AT}/p2p`, true],
  [`${AT}/mesh%2Fp2p`, true],
  [`${AT}/admin%2Fdelete`, false],
  [`${AT}/p2p%3Fdelete=1`, false],
  [`${AT}/delete%3F%2Fp2p`, false],
  [`${AT}/delete%23%2Fp2p`, false],
  [`${AT}/..%2F..%2Fdelete`, false],
])('a stranger names an address of a mesh, and no other of an HTTP server: %s %s', (address, is) => {
  const components = { logger: { forComponent: () => () => {} } }
  const transport = withPaths(webSockets())(components as unknown as Parameters<TransportFactory>[0])
  expect(transport.dialFilter([multiaddr(address)])).toHaveLength(is ? 1 : 0)
})
