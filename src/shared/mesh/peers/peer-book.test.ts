import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalize } from '../../artifacts/canonical.ts'
import { ManualClock } from '../../clock.ts'
import type { DialReport } from '../dialling/dial-report.ts'
import type { PeerAnnouncement, SignedAnnouncement } from './announcement.ts'
import { catalogueCid } from './catalogues.ts'
import { LocalPeerBook, type PeerBookInit } from './peer-book.ts'
import { DEFAULT_PEER_BOOK_LIMITS } from './peer-book-limits.ts'
import { savedPeers } from './peer-book-store.ts'
import { announcementOf, TEST_TIME, testPeer } from './peers.fixture.ts'
import { expiryOf, readAnnouncement, verifyAnnouncement } from './signed-announcement.ts'

const MINUTE = 60_000
const TTL = 30 * MINUTE

/** Signed by nobody: the book of most tests believes all that has the form. */
function unsigned(peerId: string, changes: Partial<PeerAnnouncement> = {}): SignedAnnouncement {
  const said = announcementOf(peerId, changes)
  return { text: canonicalize({ ...said }), signature: 'x'.repeat(86) } as SignedAnnouncement
}

function testBook(changes: Partial<PeerBookInit> = {}) {
  const clock = new ManualClock(TEST_TIME)
  const granted = new Set<string>()
  const book = new LocalPeerBook({
    ownPeerId: 'me',
    verify: async ({ text }) => readAnnouncement(text),
    isGranted: peerId => granted.has(peerId),
    isHere: () => false,
    clock,
    random: () => 0.5,
    ...changes,
  })
  const hear = (announcement: SignedAnnouncement) => book.hear({ announcement }, 'pubsub')
  return { book, clock, granted, hear }
}

function dial(peer_id: string, address: string, outcome: DialReport['outcome'], ms = 20): DialReport {
  return { peer_id, address, path: 'tcp', outcome, ms, steps: [] }
}

describe('what a peer says of itself', () => {
  it('is known once, replaced by a newer word, and never by an older one', async () => {
    const { book, hear } = testBook()
    expect(await hear(unsigned('a', { seq: 5 }))).toBe('new')
    expect(await hear(unsigned('a', { seq: 5 }))).toBe('known')
    expect(await hear(unsigned('a', { seq: 4, name: 'old' }))).toBe('ignored')
    expect(await hear(unsigned('a', { seq: 6, name: 'new' }))).toBe('changed')
    expect(book.entry('a')).toMatchObject({ name: 'new', standing: 'heard', connected: false, kind: 'node' })
  })

  it('is ignored of this peer itself, of one that is barred, and when it is forged', async () => {
    const peer = await testPeer()
    const { book, hear, clock } = testBook({
      verify: signed => verifyAnnouncement(signed, { namespace: 'toolmesh', now: TEST_TIME }),
    })
    const { text, signature } = await peer.says()
    expect(await hear({ text: text.replace('node', 'tab!'), signature })).toBe('ignored')
    expect(await hear({ text, signature })).toBe('new')
    expect(await hear(unsigned('me'))).toBe('ignored')
    book.bar(peer.peerId, MINUTE, 'too many messages')
    expect(book.entry(peer.peerId)).toMatchObject({ standing: 'barred', barred_for: 'too many messages' })
    expect(await hear(await peer.says({ seq: TEST_TIME + 1 }))).toBe('ignored')
    expect(book.addressesOf(peer.peerId)).toEqual([])
    expect(book.sample(9)).toEqual([])
    await clock.advance(MINUTE)
    expect(await hear(await peer.says({ seq: TEST_TIME + 1 }))).toBe('changed')
    expect(book.sample(9)).toHaveLength(1)
  })

  it('is taken three times at once and then every ten seconds', async () => {
    const { hear, clock } = testBook()
    const heard = []
    for (let seq = 1; seq <= 5; seq++) heard.push(await hear(unsigned('a', { seq })))
    expect(heard).toEqual(['new', 'changed', 'changed', 'ignored', 'ignored'])
    await clock.advance(10_000)
    expect(await hear(unsigned('a', { seq: 6 }))).toBe('changed')
    expect(await hear(unsigned('a', { seq: 7 }))).toBe('ignored')
  })

  it('is told to others at random while it holds', async () => {
    const { book, clock, hear } = testBook({ random: Math.random })
    for (let n = 0; n < 50; n++) await hear(unsigned(`p${n}`, n < 10 ? { ttl_ms: MINUTE } : {}))
    expect(new Set(book.sample(20).map(({ text }) => text)).size).toBe(20)
    expect(book.sample(100)).toHaveLength(50)
    await clock.advance(2 * MINUTE)
    expect(book.sample(100)).toHaveLength(40)
  })

  it('asks for the catalogues named last, where peers name many that nobody has', async () => {
    const { book, hear } = testBook()
    for (let n = 0; n < DEFAULT_PEER_BOOK_LIMITS.catalogues; n += 1) {
      await hear(unsigned(`hostile${n}`, { catalogue_cid: `nobody-has-${n}` }))
    }
    await hear(unsigned('a', { catalogue_cid: 'honest' }))
    const missing = book.missingCatalogues(1_000)
    expect(missing).toHaveLength(DEFAULT_PEER_BOOK_LIMITS.catalogues)
    expect(missing).toContain('honest')
  })

  it('names tools by a catalogue, whose list may come from anybody', async () => {
    const { book, hear } = testBook()
    const list = ['interface-b', 'interface-a']
    const cid = catalogueCid(list)
    await hear(unsigned('a', { catalogue_cid: cid }))
    expect(book.toolsOf('a')).toBeUndefined()
    expect(book.missingCatalogues(8)).toEqual([cid])
    expect(book.learnCatalogue(['interface-a', 'interface-b', 'interface-a'])).toBe(cid)
    expect(book.missingCatalogues(8)).toEqual([])
    expect(book.toolsOf('a')).toEqual(['interface-a', 'interface-b'])
    expect(book.list({ tool: 'interface-b' }).map(entry => entry.peer_id)).toEqual(['a'])
    expect(book.list({ tool: 'interface-c' })).toEqual([])
    expect(book.learnCatalogue(Array.from({ length: 4097 }, (_, n) => `i${n}`))).toBeUndefined()
  })
})

describe('the addresses of a peer', () => {
  const tcp = (host: string) => `/ip4/${host}/tcp/4001`
  const full = (address: string) => `${address}/p2p/a`

  it('come in the order to dial them in', async () => {
    const { book, hear } = testBook()
    const relay = `${tcp('192.0.2.9')}/p2p/12D3KooWPQmh4c2ojyD83S7GijVZhTn1q7NzSHHdbn85KdaCqUxP/p2p-circuit`
    const [slow, fast, untried, failing, lost] = [1, 2, 3, 4, 5].map(n => tcp(`192.0.2.${n}`)) as string[]
    await hear(unsigned('a', { addresses: [relay, failing, lost, untried, slow, fast] as string[] }))
    book.dialled(dial('a', full(slow as string), 'connected', 300))
    book.dialled(dial('a', full(fast as string), 'connected', 10))
    for (const _ of [1, 2]) book.dialled(dial('a', lost as string, 'failed'))
    book.dialled(dial('a', failing as string, 'failed'))
    book.dialled(dial('a', untried as string, 'superseded'))
    expect(book.addressesOf('a')).toEqual(
      [fast, slow, untried, relay, failing, lost].map(one => full(one as string)),
    )
    book.dialled(dial('a', lost as string, 'connected', 100))
    expect(book.addressesOf('a')[1]).toBe(full(lost as string))
  })

  it('are smoothed in their times, and say who told of them', async () => {
    const { book, hear } = testBook()
    await hear(unsigned('a', { addresses: [tcp('192.0.2.1')] }))
    await book.hear({ peer_id: 'a', addresses: [full(tcp('192.0.2.1')), tcp('192.0.2.2')] }, 'mdns')
    book.dialled(dial('a', tcp('192.0.2.1'), 'connected', 100))
    book.dialled(dial('a', tcp('192.0.2.1'), 'connected', 20))
    expect(book.entry('a')?.addresses).toMatchObject([
      { address: tcp('192.0.2.1'), path: 'tcp', sources: ['mdns', 'announced'], dial_ms: 80, failures: 0 },
      { address: tcp('192.0.2.2'), sources: ['mdns'] },
    ])
  })

  it('of its own machine count only for a peer on this one', async () => {
    const loopback = tcp('127.0.0.1')
    const away = testBook()
    await away.hear(unsigned('a', { addresses: [tcp('192.0.2.1'), loopback] }))
    expect(away.book.addressesOf('a')).toEqual([full(tcp('192.0.2.1'))])
    await away.book.hear({ peer_id: 'a', addresses: [loopback] }, 'file')
    expect(away.book.addressesOf('a')).toContain(full(loopback))
    const here = testBook({ isHere: addresses => addresses.includes(tcp('192.0.2.1')) })
    await here.hear(unsigned('a', { addresses: [tcp('192.0.2.1'), loopback] }))
    expect(here.book.addressesOf('a')).toContain(full(loopback))
  })

  it('are 16 beside those announced; one that fails makes place for a new one', async () => {
    const { book } = testBook()
    const all = Array.from({ length: 20 }, (_, n) => tcp(`192.0.2.${n + 1}`))
    await book.hear({ peer_id: 'a', addresses: all }, 'dht')
    expect(book.entry('a')?.addresses).toHaveLength(16)
    expect(await book.hear({ peer_id: 'a', addresses: [tcp('198.51.100.1')] }, 'dht')).toBe('known')
    expect(book.addressesOf('a')).not.toContain(full(tcp('198.51.100.1')))
    book.dialled(dial('a', tcp('192.0.2.3'), 'failed'))
    await book.hear({ peer_id: 'a', addresses: [tcp('198.51.100.1')] }, 'dht')
    expect(book.addressesOf('a')).toContain(full(tcp('198.51.100.1')))
    expect(book.addressesOf('a')).not.toContain(full(tcp('192.0.2.3')))
  })

  it('are told of as news when there are other ones, and not when they are the same', async () => {
    const { book, hear } = testBook()
    const news: string[] = []
    book.onNews(peerId => news.push(peerId))
    await hear(unsigned('a'))
    await hear(unsigned('a'))
    for (const _ of [1, 2]) await book.hear({ peer_id: 'b', addresses: [tcp('192.0.2.1')] }, 'dht')
    book.dialled(dial('b', tcp('192.0.2.1'), 'failed'))
    expect(news).toEqual(['a', 'b'])
    await book.hear({ peer_id: 'b', addresses: [tcp('192.0.2.2')] }, 'dht')
    expect(news).toEqual(['a', 'b', 'b'])
  })

  it('are taken from the connection of a peer that holds a grant, and of nobody else', () => {
    const { book, granted } = testBook()
    granted.add('a')
    for (const peerId of ['a', 'stranger']) book.identified(peerId, [tcp('192.0.2.1')])
    expect(book.list().map(entry => entry.peer_id)).toEqual(['a'])
    expect(book.entry('a')?.addresses).toMatchObject([{ sources: ['identified'] }])
    book.identified('a', [tcp('192.0.2.2')])
    expect(book.addressesOf('a')).toEqual([full(tcp('192.0.2.2'))])
  })

  it('that nobody can dial are not kept', async () => {
    const { book } = testBook()
    const bad = ['nonsense', '/ip4/0.0.0.0/tcp/1', '/ip4/192.0.2.1/tcp/0', '/ip4/192.0.2.1', '']
    expect(await book.hear({ peer_id: 'a', addresses: bad }, 'dht')).toBe('ignored')
    expect(await book.hear({ addresses: [tcp('192.0.2.1')] }, 'dht')).toBe('ignored')
    expect(book.size).toBe(0)
  })
})

describe('a peer that is gone', () => {
  it('is forgotten when nobody has told of it for half an hour, but not while it is connected or granted', async () => {
    const { book, clock, granted, hear } = testBook()
    granted.add('granted')
    for (const peerId of ['granted', 'connected', 'gone']) await hear(unsigned(peerId))
    book.connected('connected', { path: 'tcp', direction: 'inbound' })
    await clock.advance(TTL - 1)
    expect(book.size).toBe(3)
    await clock.advance(1)
    expect(book.list().map(entry => entry.peer_id)).toEqual(['connected', 'granted'])
    book.disconnected('connected')
    granted.clear()
    await clock.advance(2 * TTL)
    expect(book.size).toBe(0)
  })

  it('is forgotten earlier when it is asked for', async () => {
    const { book, clock, hear } = testBook()
    await hear(unsigned('a'))
    await clock.advance(5 * MINUTE)
    expect(book.cleanup(6 * MINUTE)).toBe(0)
    expect(book.cleanup(5 * MINUTE)).toBe(1)
    expect(book.entry('a')).toBeUndefined()
  })

  it('keeps no name of a stranger that is longer than one may announce, in memory or over a restart', async () => {
    const { book } = testBook()
    book.connected('stranger', { path: 'tcp', direction: 'inbound' })
    book.learned('stranger', { agent: `toolmesh/${'9'.repeat(60_000)}` })
    expect(book.entry('stranger')?.agent).toBeUndefined()
    expect(savedPeers.safeParse({ own_seq: 1, peers: book.saved(10) }).success).toBe(true)
    book.learned('stranger', { agent: 'toolmesh/9' })
    book.learned('stranger', { agent: 'x'.repeat(65) })
    expect(book.entry('stranger')?.agent).toBe('toolmesh/9')
  })

  it('stays what it was over a restart, the best of them', async () => {
    const { book, granted, hear } = testBook()
    granted.add('c')
    for (const peerId of ['a', 'b', 'c']) await hear(unsigned(peerId))
    book.dialled(dial('b', '/ip4/192.0.2.7/tcp/4001', 'connected', 12))
    book.connected('b', { path: 'tcp', direction: 'outbound' })
    book.learned('b', { agent: 'toolmesh/9' })
    const saved = JSON.parse(JSON.stringify(book.saved(2)))
    const again = testBook()
    await again.clock.advance(MINUTE)
    again.book.restore(saved)
    expect(
      again.book
        .list()
        .map(entry => entry.peer_id)
        .sort(),
    ).toEqual(['b', 'c'])
    expect(again.book.entry('b')).toMatchObject({
      connected: false,
      standing: 'known',
      agent: 'toolmesh/0.1.0 node',
      addresses: [{ dial_ms: 12, failures: 0 }],
    })
    expect(again.book.sample(9)).toHaveLength(2)
  })
})

describe('a book that is full', () => {
  it('forgets who was only told of first, then who was met, and never who is connected', async () => {
    const { book, granted, hear } = testBook({ limits: { entries: 3 } })
    granted.add('granted')
    await hear(unsigned('granted'))
    book.connected('met', { path: 'tcp', direction: 'outbound' })
    book.disconnected('met')
    await hear(unsigned('told'))
    await hear(unsigned('told too'))
    const ids = () =>
      book
        .list()
        .map(entry => entry.peer_id)
        .sort()
    expect(ids()).toEqual(['granted', 'met', 'told too'])
    book.connected('one', { path: 'tcp', direction: 'inbound' })
    book.connected('two', { path: 'tcp', direction: 'inbound' })
    expect(ids()).toEqual(['granted', 'one', 'two'])
    book.connected('three', { path: 'tcp', direction: 'inbound' })
    expect(ids()).toEqual(['one', 'three', 'two'])
    expect(await hear(unsigned('told'))).toBe('ignored')
    expect(book.counts()).toEqual({ nodes: 3, tabs: 0 })
  })

  it('counts a stranger that came by for no more than one that was told of', async () => {
    const { book, hear } = testBook({ limits: { entries: 3 } })
    await hear(unsigned('told'))
    book.connected('stranger', { path: 'tcp', direction: 'inbound' })
    expect(book.entry('stranger')?.standing).toBe('known')
    book.disconnected('stranger')
    expect(book.entry('stranger')?.standing).toBe('heard')
    await hear(unsigned('told later'))
    for (const peerId of ['one more', 'and one more']) await hear(unsigned(peerId))
    expect(book.entry('stranger')).toBeUndefined()
    expect(book.entry('told later')).toBeDefined()
  })

  it('hears ten thousand peers and forgets them as fast', async () => {
    const { book, hear } = testBook({ limits: { entries: 1000 } })
    for (let n = 0; n < 10_000; n++) await hear(unsigned(`p${n}`))
    expect(book.size).toBe(1000)
    expect(book.list({ limit: 5000 })).toHaveLength(1000)
  })
})

/** The book as a plain list: everything is looked for anew. */
interface Modelled {
  peerId: string
  said: PeerAnnouncement | undefined
  paidUntil: number
  met: boolean
  connected: boolean
  barredUntil: number
  due: number
  turn: number
}

type Step =
  | { do: 'say'; peer: number; seq: number }
  | { do: 'tell'; peer: number }
  | { do: 'connect'; peer: number }
  | { do: 'disconnect'; peer: number }
  | { do: 'bar'; peer: number; ms: number }
  | { do: 'wait'; ms: number }

const PEERS = 8
const ENTRIES = 4
const peer = fc.nat(PEERS - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('say' as const), peer, seq: fc.nat(5) }),
  fc.record({ do: fc.constant('tell' as const), peer }),
  fc.record({ do: fc.constant('connect' as const), peer }),
  fc.record({ do: fc.constant('disconnect' as const), peer }),
  fc.record({ do: fc.constant('bar' as const), peer, ms: fc.nat(TTL) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.oneof(fc.nat(20_000), fc.nat(TTL)) }),
)

class Model {
  peers: Modelled[] = []
  now = TEST_TIME
  #turn = 0

  find(peerId: string): Modelled | undefined {
    return this.peers.find(one => one.peerId === peerId)
  }

  make(peerId: string): Modelled | undefined {
    const known = this.find(peerId)
    if (known !== undefined) return known
    if (this.peers.length >= ENTRIES) {
      const [first] = this.peers
        .filter(one => !one.connected)
        .sort((a, b) => tier(a) - tier(b) || a.turn - b.turn)
      if (first === undefined) return undefined
      this.peers.splice(this.peers.indexOf(first), 1)
    }
    const made = {
      ...{ peerId, said: undefined, paidUntil: 0, met: false, connected: false },
      ...{ barredUntil: 0, due: 0, turn: 0 },
    }
    this.peers.push(made)
    return made
  }

  touch(one: Modelled): void {
    one.due = this.now + TTL
    this.#turn += 1
    one.turn = this.#turn
  }

  say(said: PeerAnnouncement): string {
    if (expiryOf(said) <= this.now) return 'ignored'
    const known = this.find(said.peer_id)
    if (known !== undefined && known.barredUntil > this.now) return 'ignored'
    if (known?.said !== undefined && expiryOf(known.said) > this.now) {
      if (known.said.seq === said.seq) return 'known'
      if (known.paidUntil - this.now > 20_000 || said.seq < known.said.seq) return 'ignored'
    }
    const one = this.make(said.peer_id)
    if (one === undefined) return 'ignored'
    one.said = said
    one.paidUntil = Math.max(one.paidUntil, this.now) + 10_000
    this.touch(one)
    return known === undefined ? 'new' : 'changed'
  }

  wait(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const waiting = this.peers.filter(one => !one.connected && one.due <= end)
      const due = Math.min(...waiting.map(one => one.due))
      if (waiting.length === 0) break
      this.now = Math.max(this.now, due)
      const over = waiting
        .filter(one => one.due <= this.now)
        .sort((a, b) => tier(a) - tier(b) || a.turn - b.turn)
      for (const one of over) {
        const holds = one.said !== undefined && expiryOf(one.said) > this.now
        if (isGranted(one.peerId) || holds || one.barredUntil > this.now) this.touch(one)
        else this.peers.splice(this.peers.indexOf(one), 1)
      }
    }
    this.now = end
  }
}

const isGranted = (peerId: string) => peerId === 'p0' || peerId === 'p1'
const tier = (one: Modelled) => (isGranted(one.peerId) ? 2 : one.met ? 1 : 0)

describe('the book', () => {
  it('does what a plain list would', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        const clock = new ManualClock(TEST_TIME)
        const book = new LocalPeerBook({
          ownPeerId: 'me',
          verify: async ({ text }) => {
            const said = readAnnouncement(text)
            return said !== undefined && expiryOf(said) > clock.now() ? said : undefined
          },
          isGranted,
          isHere: () => true,
          limits: { entries: ENTRIES },
          clock,
          random: () => 0.5,
        })
        const model = new Model()
        for (const one of steps) {
          if (one.do === 'wait') {
            await clock.advance(one.ms)
            model.wait(one.ms)
          } else {
            const peerId = `p${one.peer}`
            const known = model.find(peerId)
            if (one.do === 'say') {
              const said = announcementOf(peerId, { seq: one.seq, issued_at: TEST_TIME, ttl_ms: TTL })
              expect(await book.hear({ announcement: unsigned(peerId, said) }, 'dht')).toBe(model.say(said))
            } else if (one.do === 'tell') {
              const heard = await book.hear({ peer_id: peerId, addresses: ['/ip4/192.0.2.1/tcp/1'] }, 'dht')
              const barred = known !== undefined && known.barredUntil > model.now
              const told = barred ? undefined : model.make(peerId)
              if (told !== undefined) model.touch(told)
              expect(heard === 'ignored').toBe(told === undefined)
            } else if (one.do === 'connect') {
              book.connected(peerId, { path: 'tcp', direction: 'outbound' })
              const made = model.make(peerId)
              if (made !== undefined) {
                Object.assign(made, { connected: true, met: true })
                model.touch(made)
              }
            } else if (one.do === 'disconnect') {
              book.disconnected(peerId)
              if (known?.connected) {
                known.connected = false
                model.touch(known)
              }
            } else {
              book.bar(peerId, one.ms, 'test')
              const made = model.make(peerId)
              if (made !== undefined) {
                made.barredUntil = model.now + one.ms
                model.touch(made)
              }
            }
          }
          const entries = book.list()
          expect(entries.map(entry => entry.peer_id).sort()).toEqual(model.peers.map(p => p.peerId).sort())
          for (const entry of entries) {
            const expected = model.find(entry.peer_id)
            expect(entry).toMatchObject({ connected: expected?.connected })
            expect(entry.announcement?.seq).toBe(expected?.said?.seq)
            expect(entry.standing === 'barred').toBe((expected?.barredUntil ?? 0) > model.now)
          }
          const told = model.peers.filter(
            p => p.said !== undefined && expiryOf(p.said) > model.now && p.barredUntil <= model.now,
          )
          expect(book.sample(PEERS)).toHaveLength(told.length)
          expect(book.counts().nodes).toBe(model.peers.filter(p => p.connected).length)
        }
        book.close()
      }),
      { numRuns: 150 },
    )
  })
})
