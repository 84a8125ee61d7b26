import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../clock.ts'
import { silentLogger } from '../../logger.ts'
import { keepPeerBook } from './keep-peer-book.ts'
import { LocalPeerBook } from './peer-book.ts'
import type { SavedPeers } from './peer-book-store.ts'

function kept(save: (saved: SavedPeers) => Promise<void>) {
  const clock = new ManualClock()
  const book = new LocalPeerBook({
    ownPeerId: 'me',
    verify: async () => undefined,
    isGranted: () => false,
    isHere: () => true,
    clock,
    random: Math.random,
  })
  const store = { load: async () => undefined, save }
  const stop = keepPeerBook({ book, store, ownSeq: () => 7, most: 2, clock, logger: silentLogger })
  const hear = (peer_id: string) => book.hear({ peer_id, addresses: ['/ip4/192.0.2.1/tcp/1'] }, 'dht')
  return { clock, hear, stop }
}

describe('a book that is kept', () => {
  it('is saved half a minute after it has changed, however much it changes, and once more at the end', async () => {
    const saves: SavedPeers[] = []
    const { clock, hear, stop } = kept(async saved => void saves.push(saved))
    await clock.advance(60_000)
    expect(saves).toEqual([])
    for (let n = 0; n < 5; n++) {
      await hear(`p${n}`)
      await clock.advance(6_000)
    }
    expect(saves).toHaveLength(1)
    expect(saves[0]).toMatchObject({ own_seq: 7, peers: [{ peer_id: 'p4' }, { peer_id: 'p3' }] })
    await stop()
    expect(saves).toHaveLength(2)
    await hear('later')
    await clock.advance(60_000)
    expect(saves).toHaveLength(2)
  })

  it('goes on when it cannot be saved', async () => {
    let tries = 0
    const { clock, hear, stop } = kept(async () => {
      tries += 1
      throw new Error('no space')
    })
    await hear('a')
    await clock.advance(30_000)
    await hear('b')
    await clock.advance(30_000)
    await stop()
    expect(tries).toBe(3)
  })
})
