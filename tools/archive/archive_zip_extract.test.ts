import { describe, expect, it } from 'vitest'
import { fixtureBase64, fixtureBytes, fixtureText, TestContext, tryTool } from '../try-tool.node.ts'
import archiveZipExtract from './archive_zip_extract.ts'

describe('archive_zip_extract', () => {
  it('gives UTF-8 files as text and others as base64', async () => {
    const context = new TestContext()
    const { files, skipped, total_bytes } = await tryTool(
      archiveZipExtract,
      { base64: await fixtureBase64('plain.zip') },
      context,
    )
    expect(files.map(({ path }) => path)).toEqual(['hello.txt', 'docs/orchard.html', 'docs/part.bin'])
    expect(files[0]).toEqual({ path: 'hello.txt', bytes: 23, text: 'Grüße aus dem Archiv\n' })
    expect(files[1]!.text).toBe(await fixtureText('orchard.html'))
    expect(Buffer.from(files[2]!.base64!, 'base64').subarray(-9)).toEqual(
      Buffer.from('\xff\xfe\x00binary', 'latin1'),
    )
    expect(skipped).toEqual([])
    expect(total_bytes).toBe(23 + 1268 + 3009)
    expect(context.progressed.at(-1)).toEqual({ done: 3, total: 3, message: 'files' })
  })

  it('gives only the paths that were asked for, as base64 when that is asked for', async () => {
    const input = { base64: await fixtureBase64('plain.zip'), paths: ['docs/orchard.html'], as_text: false }
    const { files } = await tryTool(archiveZipExtract, input)
    expect(files).toHaveLength(1)
    expect(Buffer.from(files[0]!.base64!, 'base64')).toEqual(Buffer.from(await fixtureBytes('orchard.html')))
  })

  it('names a path that is not in the archive', async () => {
    const refused = tryTool(archiveZipExtract, {
      base64: await fixtureBase64('plain.zip'),
      paths: ['hello.txt', 'no.txt'],
    })
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_input',
      details: { field: '/paths/1', value: 'no.txt' },
    })
  })

  it('leaves out paths that lead outside, and encrypted entries', async () => {
    const slip = await tryTool(archiveZipExtract, { base64: await fixtureBase64('slip.zip') })
    expect(slip.files).toEqual([{ path: 'good.txt', bytes: 2, text: 'in' }])
    expect(slip.skipped.map(({ path, reason }) => [path, reason])).toEqual([
      ['../../etc/evil.txt', 'unsafe_path'],
      ['/abs.txt', 'unsafe_path'],
      ['C:\\win.txt', 'unsafe_path'],
    ])
    const locked = await tryTool(archiveZipExtract, { base64: await fixtureBase64('locked.zip') })
    expect(locked).toEqual({
      files: [],
      skipped: [{ path: 'hello.txt', reason: 'encrypted' }],
      total_bytes: 0,
    })
  })

  it('stops a bomb at the limit on what was inflated', async () => {
    const refused = tryTool(archiveZipExtract, { base64: await fixtureBase64('bomb.zip') })
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('zeros.bin'),
    })
  })

  it('stops a bomb whose directory states a small size', async () => {
    const bytes = Buffer.from(await fixtureBytes('bomb.zip'))
    const central = bytes.indexOf(Buffer.from('PK\x01\x02', 'latin1'))
    bytes.writeUInt32LE(10, central + 24)
    bytes.writeUInt32LE(10, 22)
    const refused = tryTool(archiveZipExtract, { base64: bytes.toString('base64'), max_file_bytes: 1_000 })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('refuses a file whose checksum is wrong', async () => {
    const bytes = Buffer.from(await fixtureBytes('plain.zip'))
    const at = bytes.indexOf('hello.txt') + 9
    const stored = bytes.indexOf(Buffer.from('Gr', 'latin1'), at)
    bytes[stored] = 0x58
    const refused = tryTool(archiveZipExtract, { base64: bytes.toString('base64'), paths: ['hello.txt'] })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it.each([
    [{ max_files: 2 }, 'max_files'],
    [{ max_total_bytes: 1_000 }, 'max_total_bytes'],
    [{ max_file_bytes: 1_000 }, 'max_file_bytes'],
  ])('keeps to %j', async (limits, name) => {
    const refused = tryTool(archiveZipExtract, { base64: await fixtureBase64('plain.zip'), ...limits })
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(name),
    })
  })
})
