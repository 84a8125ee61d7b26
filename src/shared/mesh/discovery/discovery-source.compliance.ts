import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SignedAnnouncement } from '../peers/announcement.ts'
import { type TestPeer, testPeer } from '../peers/peers.fixture.ts'
import type { DiscoverySource, Found } from './discovery-source.ts'

/** One place where peers meet: a file, a topic, a table. */
export interface Medium {
  /** The driver of one more peer. */
  open(peer: TestPeer): Promise<DiscoverySource>
  /** Puts things there that are no announcement. */
  spoil?(): Promise<void>
  /** What is taken back is gone at once (default); a table or a topic only forgets with time. */
  forgets?: boolean
  /** Resolves when all that have joined can hear each other, where that takes a moment. */
  settled?(): Promise<void>
  /** For a source that only reads: what there is to be found. */
  holds?: Found[]
  dispose(): Promise<void>
}

/** What every driver of DiscoverySource holds. Call it in the driver's test file. */
export function discoverySourceCompliance(name: string, make: () => Promise<Medium>): void {
  describe(`${name} as a DiscoverySource`, () => {
    let medium: Medium
    const opened: DiscoverySource[] = []
    /** Announcements that each source found or heard, newest last. */
    const gathered = new Map<DiscoverySource, SignedAnnouncement[]>()

    beforeEach(async () => {
      medium = await make()
    })
    afterEach(async () => {
      await Promise.all(opened.splice(0).map(source => source.close()))
      gathered.clear()
      await medium.dispose()
    })

    async function join(): Promise<{ peer: TestPeer; source: DiscoverySource }> {
      const peer = await testPeer()
      const source = await medium.open(peer)
      opened.push(source)
      const heard: SignedAnnouncement[] = []
      gathered.set(source, heard)
      source.listen?.(found => {
        if ('announcement' in found) heard.push(found.announcement)
      })
      return { peer, source }
    }

    const soon = () => AbortSignal.timeout(10_000)

    /** Looks until what is looked for is there, as the runner does in its own time. */
    async function sees(source: DiscoverySource, ...wanted: SignedAnnouncement[]): Promise<void> {
      await vi.waitFor(
        async () => {
          const found = (await source.find?.(soon())) ?? []
          const said = found.flatMap(one => ('announcement' in one ? [one.announcement] : []))
          expect([...said, ...(gathered.get(source) ?? [])]).toEqual(expect.arrayContaining(wanted))
        },
        { timeout: 15_000, interval: 50 },
      )
    }

    async function publishes(source: DiscoverySource, words: SignedAnnouncement): Promise<void> {
      await medium.settled?.()
      await vi.waitFor(() => source.publish?.(words, soon()), { timeout: 15_000, interval: 50 })
    }

    it('has a pace that suits a mesh', async () => {
      const { source } = await join()
      expect(source.everyMs).toBeGreaterThanOrEqual(5_000)
      expect(source.everyMs).toBeLessThanOrEqual(3_600_000)
    })

    it('answers an abort at once, and its end more than once', async () => {
      const { source, peer } = await join()
      const aborted = AbortSignal.abort(new Error('stopped'))
      await Promise.race([
        Promise.allSettled([source.find?.(aborted), source.publish?.(await peer.says(), aborted)]),
        new Promise((_, reject) => setTimeout(() => reject(new Error('no answer to the abort')), 2_000)),
      ])
      await source.close()
      await source.close()
    })

    it('gives what is there', async () => {
      const { source } = await join()
      if (medium.holds === undefined) return
      await vi.waitFor(async () => expect(await source.find?.(soon())).toEqual(medium.holds), {
        timeout: 15_000,
      })
    })

    it('lets peers find each other, by their own words', async () => {
      const [a, b] = [await join(), await join()]
      if (a.source.publish === undefined) return
      const words = [await a.peer.says(), await b.peer.says()] as const
      await Promise.all([publishes(a.source, words[0]), publishes(b.source, words[1])])
      await Promise.all([sees(a.source, words[1]), sees(b.source, words[0])])
    })

    it('puts new words in place of the old ones', async () => {
      const [a, b] = [await join(), await join()]
      if (a.source.publish === undefined) return
      const first = await a.peer.says()
      await publishes(a.source, first)
      await sees(b.source, first)
      const second = await a.peer.says({ seq: 1_750_000_000_001, running: 1 })
      await publishes(a.source, second)
      await publishes(a.source, second)
      await sees(b.source, second)
      const found = (await b.source.find?.(soon())) ?? []
      expect(found.filter(one => 'announcement' in one)).not.toContainEqual({ announcement: first })
    })

    it('takes back what it published', async () => {
      const [a, b] = [await join(), await join()]
      if (a.source.withdraw === undefined) return
      const words = await a.peer.says()
      await publishes(a.source, words)
      await sees(b.source, words)
      await a.source.withdraw(soon())
      if (medium.forgets === false) return
      expect(await b.source.find?.(soon())).not.toContainEqual({ announcement: words })
    })

    it('holds many that write at once', async () => {
      const all = [await join(), await join(), await join(), await join(), await join()]
      if (all[0]?.source.publish === undefined) return
      const words = await Promise.all(all.map(({ peer }) => peer.says()))
      await Promise.all(all.map(({ source }, at) => publishes(source, words[at] as SignedAnnouncement)))
      for (const [at, { source }] of all.entries()) {
        await sees(source, ...words.filter((_, other) => other !== at))
      }
    })

    it('finds the good among the bad', async () => {
      const [a, b] = [await join(), await join()]
      if (medium.spoil === undefined) return
      await medium.spoil()
      if (a.source.publish === undefined) {
        expect(await b.source.find?.(soon())).toEqual(medium.holds)
        return
      }
      const words = await a.peer.says()
      await publishes(a.source, words)
      await sees(b.source, words)
    })
  })
}
