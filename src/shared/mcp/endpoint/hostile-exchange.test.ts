/** What a peer with a grant can do by telling of others: over a session, to a book that checks signatures. */
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import type { SignedAnnouncement } from '../../mesh/peers/announcement.ts'
import { EXCHANGES_OF_ONE, PacedExchange } from '../../mesh/peers/paced-exchange.ts'
import { LocalPeerBook } from '../../mesh/peers/peer-book.ts'
import { PeerExchange } from '../../mesh/peers/peer-exchange.ts'
import { TEST_TIME, type TestPeer, testPeer } from '../../mesh/peers/peers.fixture.ts'
import { verifyAnnouncement } from '../../mesh/peers/signed-announcement.ts'
import { closers, pair } from './endpoint-pair.fixture.ts'

const never = new AbortController().signal
const ENTRIES = 50

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function attacked() {
  const clock = new ManualClock(TEST_TIME)
  const book = new LocalPeerBook({
    ownPeerId: 'node',
    verify: signed => verifyAnnouncement(signed, { namespace: 'toolmesh', now: clock.now() }),
    isGranted: () => false,
    isHere: () => false,
    clock,
    random: Math.random,
    limits: { entries: ENTRIES },
  })
  const exchange = new PeerExchange({
    book,
    own: () => undefined,
    partners: () => [],
    logger: silentLogger,
    random: Math.random,
  })
  const hearing: Promise<unknown>[] = []
  exchange.listen(found => hearing.push(book.hear(found, 'exchange')))
  const { tab } = pair({ node: { teller: new PacedExchange(exchange, clock, () => {}) } })
  /** What became of announcements that the hostile peer tells of. */
  async function tell(...announcements: SignedAnnouncement[]): Promise<unknown[]> {
    await tab.exchange({ announcements }, never)
    return Promise.all(hearing.splice(0))
  }
  return { book, clock, tab, tell }
}

const forgery = async (of: TestPeer, by: TestPeer): Promise<SignedAnnouncement> => ({
  text: (await of.says({ addresses: ['/ip4/203.0.113.66/tcp/4001'], seq: TEST_TIME + 1 })).text,
  signature: (await by.says()).signature,
})

describe('a peer that tells of others', () => {
  it('cannot speak for them: forged, replayed and old words change nothing', async () => {
    const { book, tell } = attacked()
    const [honest, hostile] = [await testPeer(), await testPeer()]
    const first = await honest.says({ seq: TEST_TIME })
    const second = await honest.says({ seq: TEST_TIME + 1, name: 'now' })
    expect(await tell(first, second)).toEqual(['new', 'changed'])
    const before = book.entry(honest.peerId)
    expect(await tell(await forgery(honest, hostile))).toEqual(['ignored'])
    expect(await tell(first)).toEqual(['ignored'])
    expect(await tell(second)).toEqual(['known'])
    expect(await tell(await hostile.says({ namespace: 'another' }))).toEqual(['ignored'])
    expect(await tell(await hostile.says({ issued_at: TEST_TIME + 3_600_000 }))).toEqual(['ignored'])
    expect(book.entry(honest.peerId)).toEqual(before)
    expect(book.list({ limit: 1000 })).toHaveLength(1)
  })

  it('cannot fill the book with peers that it makes up, nor tell of them without end', async () => {
    const { book, tell, clock } = attacked()
    for (let n = 0; n < EXCHANGES_OF_ONE.burst; n += 1) {
      await tell(...(await Promise.all([1, 2, 3].map(async () => (await testPeer()).says()))))
    }
    expect(book.list({ limit: 1000 }).length).toBeLessThanOrEqual(ENTRIES)
    await expect(tell(await (await testPeer()).says())).rejects.toMatchObject({ code: 'rate_limited' })
    await clock.advance(1000)
    expect(await tell()).toEqual([])
  })
})
