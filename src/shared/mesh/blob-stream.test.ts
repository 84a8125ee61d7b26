import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { describe, expect, it } from 'vitest'
import { cidOfBytes } from '../artifacts/cid.ts'
import { ManualClock } from '../clock.ts'
import { BlobOffers } from './blob-offers.ts'
import { fetchBlob, serveBlob } from './blob-stream.ts'
import { DEFAULT_SESSION_LIMITS } from './session-limits.ts'

const MIB = 1024 * 1024

/** Bytes that differ everywhere. */
function content(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).map((_, at) => (at * 31 + (at >> 8)) % 256)
}

function offering(): BlobOffers {
  return new BlobOffers(DEFAULT_SESSION_LIMITS, new ManualClock())
}

const signal = () => AbortSignal.timeout(30_000)
const wanted = () => true

/** Opens streams to an offerer; `breakAfter[n]` bytes end the nth one. */
function opener(offers: BlobOffers, breakAfter: number[] = []) {
  let opened = 0
  let received = 0
  const open = async (): Promise<Stream> => {
    const [near, far] = await streamPair()
    const most = breakAfter[opened]
    opened += 1
    serveBlob(far, () => offers).catch(() => {})
    let seen = 0
    near.addEventListener('message', event => {
      seen += event.data.byteLength
      received += event.data.byteLength
      if (most !== undefined && seen > most) far.abort(new Error('the link broke'))
    })
    return near
  }
  return { open, opened: () => opened, received: () => received }
}

describe('a blob', () => {
  it('arrives whole under the CID of its bytes and is offered no more', async () => {
    const offers = offering()
    const bytes = content(3 * MIB + 7)
    const cid = await offers.add(bytes, wanted)
    expect(cid).toBe(cidOfBytes(bytes))
    const fetched = await fetchBlob(opener(offers).open, cid!, bytes.length, signal())
    expect(Buffer.from(fetched).equals(bytes)).toBe(true)
    await expect.poll(() => offers.bytes).toBe(0)
  })

  it('is resumed where it broke', async () => {
    const offers = offering()
    const bytes = content(2 * MIB)
    const cid = await offers.add(bytes, wanted)
    const { open, opened, received } = opener(offers, [700_000])
    const fetched = await fetchBlob(open, cid!, bytes.length, signal())
    expect(Buffer.from(fetched).equals(bytes)).toBe(true)
    expect(opened()).toBe(2)
    // From the start again it would be 700,000 more.
    expect(received()).toBeLessThan(2 * MIB + 600_000)
  })

  it('is refused when it is not what its CID says, or not of the size announced', async () => {
    const offers = offering()
    const bytes = content(100_000)
    const cid = await offers.add(bytes, wanted)
    bytes[5] = 0
    await expect(fetchBlob(opener(offers).open, cid!, bytes.length, signal())).rejects.toThrow(/announced as/)
    const again = await offers.add(content(9), wanted)
    await expect(fetchBlob(opener(offers).open, again!, 8, signal())).rejects.toThrow(/announced were 8/)
  })

  it('is fetched as often as it was referred to', async () => {
    const offers = offering()
    const bytes = content(1000)
    const cid = await offers.add(bytes, wanted)
    await offers.add(bytes, wanted)
    await fetchBlob(opener(offers).open, cid!, 1000, signal())
    expect(offers.bytes).toBe(1000)
    await fetchBlob(opener(offers).open, cid!, 1000, signal())
    expect(offers.bytes).toBe(0)
    await expect(fetchBlob(opener(offers).open, cid!, 1000, signal())).rejects.toThrow(/not offered/)
  })

  it('waits for room, is dropped when nobody fetches it, and when nobody wants it any more', async () => {
    const clock = new ManualClock()
    const offers = new BlobOffers({ blobsOffered: 1500, blobOfferMs: 1000 }, clock)
    await offers.add(content(1000), wanted)
    let still = true
    const second = offers.add(content(1001), wanted)
    const third = offers.add(content(1002), () => still)
    still = false
    await clock.advance(1000)
    expect(await second).toBe(cidOfBytes(content(1001)))
    expect(offers.bytes).toBe(1001)
    offers.end()
    expect(await third).toBeUndefined()
    expect(offers.bytes).toBe(0)
  })
})
