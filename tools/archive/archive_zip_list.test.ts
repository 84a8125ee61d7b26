import { describe, expect, it } from 'vitest'
import { fixtureBase64, tryTool } from '../try-tool.node.ts'
import archiveZipList from './archive_zip_list.ts'

describe('archive_zip_list', () => {
  it('lists an archive made by zip', async () => {
    const { entries, count, total_bytes } = await tryTool(archiveZipList, {
      base64: await fixtureBase64('plain.zip'),
    })
    expect(count).toBe(4)
    expect(entries.map(({ path, directory }) => [path, directory])).toEqual([
      ['hello.txt', false],
      ['docs/', true],
      ['docs/orchard.html', false],
      ['docs/part.bin', false],
    ])
    expect(total_bytes).toBe(23 + 1268 + 3009)
    expect(entries.every(entry => !entry.unsafe_path && !entry.encrypted)).toBe(true)
  })

  it('marks paths that lead outside', async () => {
    const { entries } = await tryTool(archiveZipList, { base64: await fixtureBase64('slip.zip') })
    expect(entries.map(({ path, unsafe_path }) => [path, unsafe_path])).toEqual([
      ['../../etc/evil.txt', true],
      ['/abs.txt', true],
      ['C:\\win.txt', true],
      ['good.txt', false],
    ])
  })

  it('marks encrypted entries', async () => {
    const { entries } = await tryTool(archiveZipList, { base64: await fixtureBase64('locked.zip') })
    expect(entries).toMatchObject([{ path: 'hello.txt', encrypted: true }])
  })

  it('counts all entries when it lists fewer', async () => {
    const { entries, count } = await tryTool(archiveZipList, {
      base64: await fixtureBase64('plain.zip'),
      limit: 1,
    })
    expect([entries.length, count]).toEqual([1, 4])
  })

  it.each([['aGVsbG8='], ['***'], ['']])('refuses %j, which is no archive', async base64 => {
    await expect(tryTool(archiveZipList, { base64 })).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/base64' },
    })
  })
})
