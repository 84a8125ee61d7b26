import { X509Certificate } from 'node:crypto'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../../shared/clock.ts'
import { silentLogger } from '../../../shared/logger.ts'
import { formatCerthash } from '../../../shared/mesh/webtransport/certhash.ts'
import { CERTIFICATE_LIFE_MS } from './certificate.ts'
import { type BookStore, CertificateBook } from './certificate-book.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const KEY = new Key('/webtransport/certificates')

const names = (hashes: Uint8Array[]) => hashes.map(formatCerthash)

function setting() {
  const clock = new ManualClock()
  const store = new MemoryDatastore()
  const open = (from: BookStore = store) => CertificateBook.open({ store: from, clock, logger: silentLogger })
  return { clock, store, open }
}

/** Certificates are made in worker threads of the platform: time has moved, they follow. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 1))
}

describe('the certificates of the listener', () => {
  it('are what browsers take by their hash: ECDSA P-256, at most 14 days, valid now', async () => {
    const { clock, open } = setting()
    const { current } = await open()
    const certificate = new X509Certificate(current.cert)
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
    expect(current.notAfter - current.notBefore).toBeLessThanOrEqual(CERTIFICATE_LIFE_MS)
    expect(current.notBefore).toBeLessThan(clock.now() - HOUR_MS / 2)
    expect(current.notAfter).toBeGreaterThan(clock.now() + 13 * DAY_MS)
  })

  it('are the same after a restart', async () => {
    const { open } = setting()
    const before = await open()
    const after = await open()
    expect(after.current).toEqual(before.current)
    expect(after.known).toEqual(before.known)
  })

  it('are turned an hour before the current one ends, to the one that was announced, and listeners hear it', async () => {
    const { clock, open } = setting()
    const book = await open()
    const [first, second] = names(book.announced)
    let turns = 0
    const stop = book.onTurned(() => {
      turns += 1
    })
    await clock.advance(book.current.notAfter - clock.now() - HOUR_MS - 1_000)
    expect([turns, names(book.announced)]).toEqual([0, [first, second]])
    await clock.advance(2_000)
    await until(() => turns === 1)
    expect(names(book.announced)[0]).toBe(second)
    expect(names(book.known)).toContain(first)
    expect(book.current.notBefore).toBeLessThanOrEqual(clock.now() - HOUR_MS + 2_000)
    stop()
  })

  it('name the hashes of those before, so that an address two weeks old can be dialled', async () => {
    const { clock, open } = setting()
    const book = await open()
    let turns = 0
    book.onTurned(() => {
      turns += 1
    })
    const all = names(book.announced)
    for (let turn = 1; turn <= 4; turn += 1) {
      await clock.advance(book.current.notAfter - clock.now() - HOUR_MS + 1_000)
      await until(() => turns === turn)
      all.push(names(book.announced)[1] ?? '')
    }
    expect(names(book.known).sort()).toEqual(all.slice(-4).sort())
    expect((await open()).known).toEqual(book.known)
  })

  it('are turned by the wall clock after a sleep, in which timers stood still', async () => {
    const { clock, open } = setting()
    const book = await open()
    const [, second] = names(book.announced)
    let turns = 0
    book.onTurned(() => {
      turns += 1
    })
    clock.setWall(13.99 * DAY_MS)
    await clock.advance(HOUR_MS)
    await until(() => turns === 1)
    expect(names(book.announced)[0]).toBe(second)
  })

  it('go on from the next one after a week off, and from new ones after a month', async () => {
    const { clock, open } = setting()
    const before = await open()
    clock.setWall(15 * DAY_MS)
    const later = await open()
    expect(names(later.announced)[0]).toBe(names(before.announced)[1])
    clock.setWall(30 * DAY_MS)
    const anew = await open()
    expect(names(later.known)).not.toContain(names(anew.announced)[0])
    expect(anew.current.notAfter).toBeGreaterThan(clock.now())
  })

  it('are made anew where what was kept is damaged', async () => {
    const { store, open } = setting()
    for (const damage of [
      '',
      '{',
      '{"current":{"cert":"x","key":"y"},"next":{"cert":"x","key":"y"},"past":[]}',
    ]) {
      await store.put(KEY, new TextEncoder().encode(damage))
      const book = await open()
      expect(book.announced).toHaveLength(2)
      expect((await open()).current).toEqual(book.current)
    }
  })
})
