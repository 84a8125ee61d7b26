import { describe, expect, it } from 'vitest'
import { canonicalize } from '../../artifacts/canonical.ts'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import type { SignedAnnouncement } from './announcement.ts'
import { catalogueCid } from './catalogues.ts'
import {
  type ExchangeAnswer,
  type ExchangeRequest,
  exchangeAnswer,
  exchangeRequest,
} from './exchange-message.ts'
import { LocalPeerBook } from './peer-book.ts'
import { type ExchangePartner, PeerExchange } from './peer-exchange.ts'
import { announcementOf, TEST_TIME } from './peers.fixture.ts'
import { readAnnouncement } from './signed-announcement.ts'

const never = new AbortController().signal

function said(peerId: string, catalogue: readonly string[] = [], labels: string[] = []): SignedAnnouncement {
  const announcement = announcementOf(peerId, { catalogue_cid: catalogueCid(catalogue), labels })
  return { text: canonicalize({ ...announcement } as never), signature: 'x'.repeat(86) }
}

/** A peer that hears what the others tell it; messages go through the schemas, as over a session. */
class TestMember {
  readonly book: LocalPeerBook
  readonly exchange: PeerExchange
  readonly partners: ExchangePartner[] = []
  readonly sent: ExchangeRequest[] = []
  readonly peerId: string

  constructor(peerId: string, tools: readonly string[] = [], kind: 'node' | 'tab' = 'node') {
    this.peerId = peerId
    this.kind = kind
    this.book = new LocalPeerBook({
      ownPeerId: peerId,
      verify: async ({ text }) => readAnnouncement(text),
      isGranted: () => true,
      isHere: () => true,
      clock: new ManualClock(TEST_TIME),
      random: Math.random,
    })
    this.book.learnCatalogue(tools)
    const own = said(peerId, tools)
    this.exchange = new PeerExchange({
      book: this.book,
      own: () => own,
      partners: () => this.partners,
      logger: silentLogger,
      random: Math.random,
    })
    this.exchange.listen(found => void this.book.hear(found, 'exchange'))
  }
  readonly kind: 'node' | 'tab'

  meets(other: TestMember): void {
    this.partners.push({
      peerId: other.peerId,
      kind: other.kind,
      exchange: async request => {
        this.sent.push(request)
        const answer = other.exchange.answer(
          this.peerId,
          exchangeRequest.parse(JSON.parse(JSON.stringify(request))),
        )
        return exchangeAnswer.parse(JSON.parse(JSON.stringify(answer)))
      },
    })
  }

  async look(): Promise<void> {
    for (const found of await this.exchange.find(never)) await this.book.hear(found, 'exchange')
  }

  knows(): string[] {
    return this.book
      .list({ limit: 1000 })
      .map(entry => entry.peer_id)
      .sort()
  }
}

describe('peers with a session', () => {
  it('tell each other of themselves and of others, both ways in one message', async () => {
    const [a, b] = [new TestMember('a'), new TestMember('b')]
    await a.book.hear({ announcement: said('x') }, 'dht')
    await b.book.hear({ announcement: said('y') }, 'dht')
    a.meets(b)
    await a.look()
    await new Promise(resolve => setTimeout(resolve, 0))
    expect(a.knows()).toEqual(['b', 'x', 'y'])
    expect(b.knows()).toEqual(['a', 'x', 'y'])
  })

  it('ask for the list of a catalogue that they do not know, once', async () => {
    const [a, b] = [new TestMember('a', ['one']), new TestMember('b', ['two', 'three'])]
    a.meets(b)
    await a.look()
    expect(a.book.toolsOf('b')).toEqual(['three', 'two'])
    const before = a.sent.length
    await a.look()
    expect(before).toBe(2)
    expect(a.sent.length).toBe(3)
  })

  it('tell at once who is looked for', async () => {
    const [a, b] = [new TestMember('a'), new TestMember('b')]
    for (let n = 0; n < 200; n++)
      await b.book.hear({ announcement: said(`p${n}`, [], n % 10 === 0 ? ['gpu'] : []) }, 'dht')
    a.meets(b)
    const found = await a.exchange.lookFor('p77', never)
    expect(
      found.map(one => ('announcement' in one ? readAnnouncement(one.announcement.text)?.peer_id : '')),
    ).toEqual(['b', 'p77'])
    const labelled = await a.exchange.ask({ labels: ['gpu'], max: 64 }, never)
    expect(labelled).toHaveLength(21)
  })

  it('send one message a round, however many peers there are, and all hear of all', async () => {
    const members = Array.from({ length: 60 }, (_, n) => new TestMember(`p${n}`))
    for (const one of members) for (const other of members) if (one !== other) one.meets(other)
    let rounds = 0
    while (members.some(member => member.knows().length < 59) && rounds < 30) {
      rounds += 1
      for (const member of members) await member.look()
    }
    expect(rounds).toBeLessThan(20)
    for (const { sent } of members) expect(sent.length).toBeLessThanOrEqual(2 * rounds)
  })

  it('talk with nodes every other time, however many tabs there are', async () => {
    const node = new TestMember('node')
    const other = new TestMember('other')
    for (let n = 0; n < 100; n++) node.meets(new TestMember(`tab${n}`, [], 'tab'))
    node.meets(other)
    let asked = 0
    const { answer } = other.exchange
    other.exchange.answer = (from, request) => {
      asked += 1
      return answer.call(other.exchange, from, request)
    }
    for (let n = 0; n < 60; n++) await node.look()
    expect(asked).toBeGreaterThan(10)
  })

  it('keep to what a message may hold', async () => {
    const long = (n: number): SignedAnnouncement => {
      const addresses = Array.from({ length: 9 }, (_, at) => `/dns4/${'x'.repeat(400)}${at}/tcp/1`)
      const announcement = announcementOf(`p${n}`, { addresses })
      return { text: canonicalize({ ...announcement } as never), signature: 'x'.repeat(86) }
    }
    const a = new TestMember('a')
    for (let n = 0; n < 100; n++) await a.book.hear({ announcement: long(n) }, 'dht')
    const answer = a.exchange.answer('b', { announcements: [], want: { max: 64 } })
    expect(answer.announcements.length).toBeGreaterThan(20)
    expect(exchangeAnswer.safeParse(answer).success).toBe(true)
    const many = Array.from({ length: 65 }, (_, n) => said(`p${n}`))
    expect(exchangeRequest.safeParse({ announcements: many }).success).toBe(false)
    const large: ExchangeAnswer = {
      announcements: [],
      catalogues: [Array.from({ length: 4097 }, (_, n) => `i${n}`)],
    }
    expect(exchangeAnswer.safeParse(large).success).toBe(false)
  })

  it('go on without a peer that refuses', async () => {
    const a = new TestMember('a')
    const refusing: ExchangePartner = {
      peerId: 'b',
      kind: 'node',
      exchange: () => Promise.reject(new Error('forbidden')),
    }
    await a.exchange.met(refusing, never)
    a.partners.push(refusing)
    await expect(a.exchange.find(never)).rejects.toThrow('forbidden')
    await a.exchange.publish(said('a'), never)
    const b = new TestMember('b')
    a.meets(b)
    expect(await a.exchange.lookFor('b', never)).toHaveLength(1)
  })
})
