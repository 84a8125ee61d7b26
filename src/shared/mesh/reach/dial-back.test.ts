import type { Connection } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { askDialBack, DialBackService } from './dial-back.ts'

const PEER = '12D3KooWC2aFG1331rMHyzxhmiEmYXtAWubVdoi1cnujRKGq9S6v'

it.each([
  ['/ip4/192.0.2.1/tcp/4001', ['/ip4/192.0.2.1/tcp/9']],
  ['/webrtc', []],
])('a peer that comes from %s has only its own host dialled', async (from, expected) => {
  const dialled: string[] = []
  const service = new DialBackService({
    dial: async address => {
      dialled.push(address.toString().replace(/\/p2p\/.*/, ''))
      throw new Error('nobody there')
    },
    mayAsk: () => true,
    clock: new ManualClock(),
  })
  const [asker, answerer] = await streamPair()
  const connection = { remotePeer: { toString: () => PEER }, remoteAddr: multiaddr(from) }
  void service.serve(answerer, connection as unknown as Connection)
  const asked = ['/ip4/192.0.2.1/tcp/9', '/ip4/192.0.2.9/tcp/9', '/ip6zone/eth0/ip6/fe80::1/tcp/80']
  expect(await askDialBack(asker, asked, AbortSignal.timeout(5_000))).toEqual([])
  expect(dialled).toEqual(expected)
})
