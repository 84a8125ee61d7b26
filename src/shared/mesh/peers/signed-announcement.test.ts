import { generateKeyPair } from '@libp2p/crypto/keys'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PeerAnnouncement } from './announcement.ts'
import { announcementOf, TEST_TIME, testPeer } from './peers.fixture.ts'
import { signAnnouncement, signedAnnouncement, verifyAnnouncement } from './signed-announcement.ts'

const now = { namespace: 'toolmesh', now: TEST_TIME }
const peer = await testPeer()
const other = await testPeer()

describe('a signed announcement', () => {
  it('gives what the peer said, and has the form that travels', async () => {
    const signed = await peer.says({ name: 'kitchen', relay: { stun_port: 3478 } })
    expect(signedAnnouncement.parse(signed)).toEqual(signed)
    expect(await verifyAnnouncement(signed, now)).toEqual(
      announcementOf(peer.peerId, { name: 'kitchen', relay: { stun_port: 3478 } }),
    )
  })

  it.each<[string, Partial<PeerAnnouncement>]>([
    ['another namespace', { namespace: 'other' }],
    ['a time far ahead', { issued_at: TEST_TIME + 5 * 60_000 + 1 }],
    ['a time that is over', { issued_at: TEST_TIME - 30 * 60_000 }],
    ['a time to live below a minute', { ttl_ms: 59_999 }],
    ['a time to live over a day', { ttl_ms: 24 * 3_600_000 + 1 }],
    ['no address', { addresses: [] }],
    [
      '17 addresses',
      { addresses: Array.from({ length: 17 }, (_, port) => `/ip4/192.0.2.7/tcp/${port + 1}`) },
    ],
    ['what is no multiaddr', { addresses: ['http://192.0.2.7'] }],
    ['an unspecified address', { addresses: ['/ip4/0.0.0.0/tcp/4001'] }],
    ['the address of another peer', { addresses: [`/ip4/192.0.2.7/tcp/4001/p2p/${other.peerId}`] }],
    ['too many labels', { labels: Array.from({ length: 33 }, (_, at) => `l${at}`) }],
    ['a fraction of a sequence number', { seq: 1.5 }],
  ])('with %s says nothing', async (_what, changes) => {
    expect(await verifyAnnouncement(await peer.says(changes), now)).toBeUndefined()
  })

  it('holds from five minutes ahead of our clock to the end of its time to live', async () => {
    const early = await peer.says({ issued_at: TEST_TIME + 5 * 60_000 })
    expect(await verifyAnnouncement(early, now)).toBeDefined()
    const last = await peer.says({ issued_at: TEST_TIME - 30 * 60_000 + 1 })
    expect(await verifyAnnouncement(last, now)).toBeDefined()
  })

  it('in the name of another peer says nothing', async () => {
    const forged = await signAnnouncement(announcementOf(other.peerId), peer.privateKey)
    expect(await verifyAnnouncement(forged, now)).toBeUndefined()
  })

  it('in any other form of the same JSON says nothing', async () => {
    const { text, signature } = await peer.says()
    expect(await verifyAnnouncement({ text: ` ${text}`, signature }, now)).toBeUndefined()
    const unknown = { ...announcementOf(peer.peerId), more: 1 } as PeerAnnouncement
    expect(await verifyAnnouncement(await signAnnouncement(unknown, peer.privateKey), now)).toBeUndefined()
  })

  it('of a peer whose id does not hold its key says nothing', async () => {
    const rsa = await generateKeyPair('RSA', 2048)
    await expect(signAnnouncement(announcementOf('x'), rsa)).rejects.toThrow('Ed25519')
    const signed = await peer.says({ peer_id: 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N' })
    expect(await verifyAnnouncement(signed, now)).toBeUndefined()
  })

  it('with one character changed says nothing, and never makes the reader throw', async () => {
    const { text, signature } = await peer.says()
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.string({ minLength: 1, maxLength: 3 }),
        async (at, put) => {
          const changed = text.slice(0, at) + put + text.slice(at + 1)
          const said = await verifyAnnouncement({ text: changed, signature }, now)
          expect(said === undefined || changed === text).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (anything, more) => {
        expect(await verifyAnnouncement({ text: anything, signature: more }, now)).toBeUndefined()
      }),
      { numRuns: 100 },
    )
    expect(await verifyAnnouncement({ text, signature: 'not base64url' }, now)).toBeUndefined()
  })
})
