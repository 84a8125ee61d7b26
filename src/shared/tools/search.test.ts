import { describe, expect, it } from 'vitest'
import { type SearchableTool, ToolSearch } from './search.ts'

const entry = (
  name: string,
  description: string,
  properties: Record<string, string> = {},
): SearchableTool => ({
  name,
  category: name.split('_')[0] ?? name,
  description,
  input_schema: {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(properties).map(([key, text]) => [key, { type: 'string', description: text }]),
    ),
  },
})

/** A few hundred tools that all speak of the same things, as a large catalogue does. */
const CROWD = Array.from({ length: 300 }, (_, n) =>
  entry(
    `vendor${n}_record_update`,
    `Updates a record of vendor ${n}: takes a file, a text or a list of documents.`,
    {
      text: 'The text of the record',
      file: 'A file to attach',
    },
  ),
)

const search = new ToolSearch([
  ...CROWD,
  entry(
    'crypto_hash',
    'Computes the cryptographic hash (digest, checksum) of a text or of the bytes of a file.',
    {
      algorithm: 'Hash function, as sha-256',
    },
  ),
  entry('image_resize', 'Resizes an image.', { width_px: 'Width in pixels' }),
  entry('calendar_add_event', 'Adds an event to a calendar.', { timezone: 'IANA name of the time zone' }),
])

describe('ToolSearch', () => {
  it.each([
    ['hash a file', 'crypto_hash'],
    ['hashing files', 'crypto_hash'],
    ['checksums', 'crypto_hash'],
    ['crypto_hash', 'crypto_hash'],
    ['resize image', 'image_resize'],
    ['resizing', 'image_resize'],
    ['width in pixels', 'image_resize'],
    ['calender event', 'calendar_add_event'],
    ['timezone', 'calendar_add_event'],
    ['vendor17 record', 'vendor17_record_update'],
  ])('ranks the right tool first for "%s"', (query, name) => {
    expect(search.search(query, 5)[0]?.name).toBe(name)
  })

  it('gives at most what was asked for, best first', () => {
    const found = search.search('record of a vendor', 7)
    expect(found).toHaveLength(7)
    expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).toSorted((a, b) => b - a))
  })

  it('gives nothing for words that no tool has, and for none', () => {
    expect(search.search('xylophone', 5)).toEqual([])
    expect(search.search('the of a', 5)).toEqual([])
    expect(search.search('', 5)).toEqual([])
  })
})
