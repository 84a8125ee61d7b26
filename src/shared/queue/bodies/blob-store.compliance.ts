import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlobRef } from '../states/commands.ts'
import type { BlobStore } from './blob-store.ts'

export interface BlobStoreUnderTest {
  store: BlobStore
  /** Frees what the test's store used. */
  dispose(): Promise<void>
}

/** What every driver of BlobStore holds. Call it in the driver's test file. */
export function blobStoreCompliance(name: string, open: () => Promise<BlobStoreUnderTest>): void {
  describe(`${name} as a BlobStore`, () => {
    let store: BlobStore
    let dispose: () => Promise<void>

    beforeEach(async () => {
      const opened = await open()
      store = opened.store
      dispose = opened.dispose
    })
    afterEach(() => dispose())

    const keep = async (text: string): Promise<BlobRef> => {
      const ref = await store.refOf(text)
      await store.put(ref, text)
      return ref
    }
    const listed = async () => {
      const cids: string[] = []
      for await (const page of store.list()) cids.push(...page)
      return cids.sort()
    }

    it('knows a text by the CID of its UTF-8 bytes', async () => {
      expect(await store.refOf('')).toEqual({
        blob: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
        size: 0,
      })
      // The golden vector of `cidOf`.
      expect(await store.refOf('{}')).toEqual({
        blob: 'bafkreicecnx2gvntm6fbcrvnc336qze6st5u7qq7457igegamd3bzkx7ri',
        size: 2,
      })
      expect((await store.refOf('ä€😀')).size).toBe(9)
    })

    it.each([
      ['a short text', '{"a":1}'],
      ['a byte order mark, zeros and line ends', '\ufeff\u0000a\r\n'],
      ['signs of one to four bytes, over many pieces', 'aé€😀'.repeat(700_000)],
      ['a pair of surrogates at every place', `x${'😀'.repeat(600_000)}`],
    ])('gives back %s', async (_name, text) => {
      const ref = await keep(text)
      expect(ref.size).toBe(Buffer.byteLength(text))
      expect((await store.get(ref.blob)) === text).toBe(true)
    })

    it('keeps the same text once, and says so', async () => {
      const ref = await store.refOf('same')
      expect(await store.put(ref, 'same')).toBe(true)
      expect(await store.put(ref, 'same')).toBe(false)
      expect(await listed()).toEqual([ref.blob])
    })

    it('takes the same text twice at once', async () => {
      const refs = await Promise.all(Array.from({ length: 8 }, () => keep('at once')))
      expect(new Set(refs.map(ref => ref.blob)).size).toBe(1)
      expect(await store.get(refs[0]?.blob ?? '')).toBe('at once')
      expect(await listed()).toHaveLength(1)
    })

    it.each(['bafkreicecnx2gvntm6fbcrvnc336qze6st5u7qq7457igegamd3bzkx7ri', '../../etc/passwd', ''])(
      'has nothing by the name %j',
      async cid => {
        await expect(store.get(cid)).rejects.toMatchObject({ code: 'not_found' })
      },
    )

    it('deletes what is named and nothing else', async () => {
      const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(keep))
      await store.delete([a?.blob ?? '', c?.blob ?? ''])
      await store.delete([a?.blob ?? '', '../b'])
      expect(await listed()).toEqual([b?.blob])
      await expect(store.get(a?.blob ?? '')).rejects.toMatchObject({ code: 'not_found' })
      expect(await store.put(a ?? { blob: '', size: 0 }, 'a')).toBe(true)
    })

    it('lists all that is there', async () => {
      const refs = await Promise.all(Array.from({ length: 100 }, (_, n) => keep(`text ${n}`)))
      expect(await listed()).toEqual(refs.map(ref => ref.blob).sort())
    })
  })
}
