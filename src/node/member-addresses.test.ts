import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../shared/clock.ts'
import { LocalPeerBook } from '../shared/mesh/peers/peer-book.ts'
import { memberAddresses } from './member-addresses.ts'

const OWNER = '12D3KooWPQmh4c2ojyD83S7GijVZhTn1q7NzSHHdbn85KdaCqUxP'
const OTHER = '12D3KooWRBhwfeP2Y9CDkFRBAZ1pmxUadH36TKuk3KtKm5XXP8mA'
const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
})

/** An HTTP server that says where a node listens; without an answer it is silent. */
async function origin(answer?: { peerId: string; multiaddrs: string[] }): Promise<string> {
  const server = createServer((_request, response) => {
    if (answer !== undefined) response.end(JSON.stringify(answer))
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function testBook(): LocalPeerBook {
  return new LocalPeerBook({
    ownPeerId: 'me',
    verify: async () => undefined,
    isGranted: () => true,
    isHere: () => true,
    clock: new ManualClock(),
    random: Math.random,
  })
}

const full = (address: string) => `${address}/p2p/${OWNER}`
const nobody = async () => {}

describe('where a node is that this one works for', () => {
  it('is said by its own address file', async () => {
    const at = await origin({
      peerId: OWNER,
      multiaddrs: [full('/ip4/127.0.0.1/tcp/1'), full('/ip4/127.0.0.1/tcp/2')],
    })
    const found = await memberAddresses(
      { owner_id: OWNER, origin: at },
      { book: testBook(), lookFor: nobody, granted: false },
    )
    expect(found).toEqual([full('/ip4/127.0.0.1/tcp/1'), full('/ip4/127.0.0.1/tcp/2')])
  })

  it('is said by others while its address file cannot be fetched, relays too', async () => {
    const book = testBook()
    const relayed = `/ip4/192.0.2.1/tcp/1/p2p/${OTHER}/p2p-circuit`
    const found = await memberAddresses(
      { owner_id: OWNER, origin: await origin() },
      {
        book,
        granted: true,
        lookFor: async peerId => {
          await book.hear({ peer_id: peerId, addresses: [relayed] }, 'exchange')
        },
      },
    )
    expect(found).toEqual([full(relayed)])
  })

  it('is where it was last, when nobody knows anything else', async () => {
    const before = [full('/ip4/127.0.0.1/tcp/9')]
    const record = { owner_id: OWNER, origin: 'http://127.0.0.1:1', addresses: before }
    const parts = { book: testBook(), lookFor: nobody, granted: true }
    expect(await memberAddresses(record, parts)).toEqual(before)
  })

  it('is unknown: the first time another node at its origin is a refusal, later on only a miss', async () => {
    const record = { owner_id: OWNER, origin: await origin({ peerId: OTHER, multiaddrs: [] }) }
    const parts = { book: testBook(), lookFor: nobody }
    await expect(memberAddresses(record, { ...parts, granted: false })).rejects.toMatchObject({
      code: 'forbidden',
    })
    await expect(memberAddresses(record, { ...parts, granted: true })).rejects.toMatchObject({
      code: 'owner_unreachable',
    })
    const gone = { owner_id: OWNER, origin: 'http://127.0.0.1:1' }
    await expect(memberAddresses(gone, { ...parts, granted: false })).rejects.toMatchObject({
      code: 'owner_unreachable',
    })
  })
})
