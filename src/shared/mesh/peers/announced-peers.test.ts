import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnnouncedPeers } from './announced-peers.ts'
import type { PeerAnnouncement } from './announcement.ts'
import { newRecord, type PeerRecord } from './peer-record.ts'

function announced(record: PeerRecord, catalogue_cid: string): PeerRecord {
  const said = { peer_id: record.peerId, catalogue_cid } as PeerAnnouncement
  record.announced = { signed: { text: record.peerId, signature: '' }, said }
  return record
}

/** Numbers in [0, 1) from a seed (a linear congruential generator, Numerical Recipes). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}

describe('peers that announced themselves', () => {
  it('are picked by way of their catalogue every other time, so that what few have is told of as often', () => {
    const peers = new AnnouncedPeers(numbers(7))
    for (let n = 0; n < 999; n++) peers.put(announced(newRecord(`many ${n}`, 0), 'common'))
    peers.put(announced(newRecord('one', 0), 'rare'))
    const picked = Array.from({ length: 2000 }, (_, turn) => peers.pick(turn)?.peerId)
    const rare = picked.filter(peerId => peerId === 'one').length
    expect(rare).toBeGreaterThan(400)
    expect(rare).toBeLessThan(600)
    expect(new Set(picked).size).toBeGreaterThan(600)
  })

  it('are those that were put in and not taken out, whatever the order', () => {
    const change = fc.record({
      peer: fc.integer({ min: 0, max: 9 }),
      catalogue: fc.constantFrom('a', 'b', 'c', undefined),
    })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), fc.integer({ min: 1 }), (changes, seed) => {
        const peers = new AnnouncedPeers(numbers(seed))
        const records = Array.from({ length: 10 }, (_, n) => newRecord(`peer ${n}`, 0))
        const expected = new Map<PeerRecord, string>()
        for (const { peer, catalogue } of changes) {
          const record = records[peer]!
          if (catalogue === undefined) {
            peers.remove(record)
            expected.delete(record)
          } else {
            peers.put(announced(record, catalogue))
            expected.set(record, catalogue)
          }
          expect(new Set(peers.all())).toEqual(new Set(expected.keys()))
          for (let turn = 0; turn < 8; turn++) {
            const one = peers.pick(turn)
            if (expected.size === 0) expect(one).toBeUndefined()
            else expect(expected.get(one!)).toBe(one?.announced?.said.catalogue_cid)
          }
        }
      }),
    )
  })
})
