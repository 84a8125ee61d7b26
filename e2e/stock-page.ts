/** A browser peer made of js-libp2p as it comes, with nothing of ours: what any other program in a page would be. */
import { identify } from '@libp2p/identify'
import type { Connection } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { webTransport } from '@libp2p/webtransport'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

export interface StockPage {
  /** Dials, pings and identifies the peer; gives what it learned. */
  meet(
    address: string,
  ): Promise<{ peerId: string; agent: string | undefined; pings: number[]; protocols: number }>
}

declare global {
  interface Window {
    stockPage: StockPage
  }
}

window.stockPage = {
  async meet(address) {
    const node = await createLibp2p({
      transports: [webTransport()],
      connectionGater: { denyDialMultiaddr: () => false },
      services: { identify: identify(), ping: ping() },
    })
    const known = new Promise<{ agentVersion?: string; protocols: string[] }>(resolve =>
      node.addEventListener('peer:identify', ({ detail }) => resolve(detail)),
    )
    const connection: Connection = await node.dial(multiaddr(address), {
      signal: AbortSignal.timeout(20_000),
    })
    const pings: number[] = []
    for (let n = 0; n < 20; n += 1) pings.push(await node.services.ping.ping(connection.remotePeer))
    const { agentVersion, protocols } = await known
    await node.stop()
    return {
      peerId: connection.remotePeer.toString(),
      agent: agentVersion,
      pings,
      protocols: protocols.length,
    }
  },
}
