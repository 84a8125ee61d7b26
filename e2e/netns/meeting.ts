/** A relay in the open, and two nodes behind routers: right works for both, and left only for the relay. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { NodeProcess } from '../node-process.ts'
import { clientInside, startInside, untilPeer } from './inside.ts'
import { type NatKind, RELAY_ADDRESS, type TwoNats, twoNats } from './two-nats.ts'

const RELAY_PORT = 8420

export interface Meeting {
  readonly net: TwoNats
  readonly left: NodeProcess
  readonly right: NodeProcess
  readonly rightId: string
  /** A client of the left node. */
  readonly client: Client
  /** Milliseconds from the start of the right node until the left one had it as a worker. */
  readonly metAfterMs: number
  /** Ends the relay; gives the function that starts it again where it was. */
  stopRelay(): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** Nobody can reach the HTTP server of the left node from outside: right finds it by the relay that both have. */
export async function meet(nats: { left: NatKind; right: NatKind }): Promise<Meeting> {
  const net = await twoNats(nats)
  const closing: (() => Promise<unknown>)[] = [() => net.remove()]
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    const { spaces } = net
    const startRelay = (dataDir?: string) =>
      startInside(
        spaces,
        'relay',
        [
          ...['--http.host', '0.0.0.0', '--http.port', String(RELAY_PORT)],
          ...['--p2p.listen', '/ip4/0.0.0.0/tcp/4001'],
        ],
        dataDir,
      )
    let relay = await startRelay()
    closing.push(() => relay.stop())
    const atRelay = relay.joinUrl.replace(/\/\/[^/]+/, `//${RELAY_ADDRESS}:${RELAY_PORT}`)
    const home = (role: string, join: string) =>
      startInside(spaces, role, [
        ...['--p2p.listen', '/ip4/0.0.0.0/tcp/0,/ip4/0.0.0.0/udp/0/webrtc-direct'],
        ...['--p2p.join', join, '--workers.max', '4'],
      ])
    const left = await home('left', atRelay)
    closing.push(() => left.stop())
    const client = await clientInside(spaces, 'left', left)
    closing.push(() => client.close())
    await untilPeer('left at the relay', client, ({ connected }) => connected)
    const began = performance.now()
    const right = await home('right', `${atRelay},${left.joinUrl}`)
    closing.push(() => right.stop())
    const rightId = right.joinUrl.split('.').at(-1) ?? ''
    await untilPeer(
      'right as a worker of left',
      client,
      ({ peer_id, connected, credits }) => peer_id === rightId && connected && credits > 0,
      90_000,
    )
    return {
      net,
      left,
      right,
      rightId,
      client,
      metAfterMs: Math.round(performance.now() - began),
      async stopRelay() {
        const { dataDir } = relay
        await relay.stop()
        return async () => {
          relay = await startRelay(dataDir)
        }
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
