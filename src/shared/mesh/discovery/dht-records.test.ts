import { expect, it } from 'vitest'
import { TEST_TIME, testPeer } from '../peers/peers.fixture.ts'
import { announcementBytes, announcementFromBytes } from './announcement-bytes.ts'
import { newestRecord, recordKey, recordValidator } from './dht-records.ts'
import { verifyTestWords } from './libp2p-medium.fixture.ts'

const validate = recordValidator(verifyTestWords)
const { peerId, says } = await testPeer()
const other = await testPeer()

it("takes a peer's own words under its own id, and nothing else", async () => {
  const words = await says()
  await expect(validate(recordKey(peerId), announcementBytes(words))).resolves.toBeUndefined()
  await expect(validate(recordKey(other.peerId), announcementBytes(words))).rejects.toThrow(
    'under another key',
  )
  const forged = { ...words, text: words.text.replace('"running":0', '"running":1') }
  const past = await says({ issued_at: TEST_TIME - 3_600_000 })
  const elsewhere = await says({ namespace: 'other' })
  for (const bad of [forged, past, elsewhere]) {
    await expect(validate(recordKey(peerId), announcementBytes(bad))).rejects.toThrow(
      'no announcement that holds',
    )
  }
  for (const bad of [new Uint8Array(), new Uint8Array(20_000), new Uint8Array([0xff, 0xfe])]) {
    await expect(validate(recordKey(peerId), bad)).rejects.toThrow('no announcement that holds')
  }
})

it('takes the newest of several', async () => {
  const records = [await says({ seq: 2 }), await says({ seq: 3 }), await says({ seq: 1 })].map(
    announcementBytes,
  )
  expect(newestRecord(recordKey(peerId), records)).toBe(1)
  expect(newestRecord(recordKey(peerId), [new Uint8Array(3), ...records])).toBe(2)
})

it('travels as bytes and back', async () => {
  const words = await says()
  expect(announcementFromBytes(announcementBytes(words))).toEqual(words)
})
