import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readBootstrapFile } from './bootstrap-file.ts'

const ADDRESS = '/ip4/127.0.0.1/tcp/1'

describe('a file of peers', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'toolmesh-bootstrap-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const read = (path: string) => readBootstrapFile(path, folder, new AbortController().signal)

  it('is found by its absolute path, or in the data folder', async () => {
    await writeFile(join(folder, 'peers.txt'), ADDRESS)
    const expected = { path: join(folder, 'peers.txt'), found: [{ addresses: [ADDRESS] }], refused: [] }
    expect(await read('peers.txt')).toEqual(expected)
    expect(await read(join(folder, 'peers.txt'))).toEqual(expected)
  })

  it('may be the folder of a registry: a file for each peer, those that are damaged told by their names', async () => {
    await mkdir(join(folder, 'registry'))
    await writeFile(join(folder, 'registry', 'a.json'), JSON.stringify({ text: '{}', signature: 'x' }))
    await writeFile(join(folder, 'registry', 'b.json'), '{"half')
    await writeFile(join(folder, 'registry', 'c.json'), 'x'.repeat(70_000))
    await writeFile(join(folder, 'registry', 'd.tmp'), 'being written')
    await mkdir(join(folder, 'registry', 'e.json'))
    const { found, refused } = await read('registry')
    expect(found).toEqual([{ announcement: { text: '{}', signature: 'x' } }])
    expect(refused.map(({ at }) => at)).toEqual(['b.json', 'c.json', 'e.json'])
  })

  it.skipIf(process.platform === 'win32')(
    'holds nobody up by a named pipe in the folder of a registry',
    async () => {
      const registry = join(folder, 'registry')
      await mkdir(registry)
      execFileSync('mkfifo', [join(registry, 'a.json')])
      await writeFile(join(registry, 'b.json'), JSON.stringify({ text: '{}', signature: 'x' }))
      const { found, refused } = await read('registry')
      expect(found).toHaveLength(1)
      expect(refused.map(({ at }) => at)).toEqual(['a.json'])
    },
  )

  it('that is not there, is none or is too large is refused', async () => {
    expect(await read('gone').catch(error => error.toFacts())).toMatchObject({
      code: 'not_found',
      field: '/path',
      value: join(folder, 'gone'),
    })
    await writeFile(join(folder, 'half'), '[')
    await expect(read('half')).rejects.toMatchObject({ code: 'invalid_input' })
    await writeFile(join(folder, 'large'), '#'.repeat(16 * 1024 * 1024 + 1))
    await expect(read('large')).rejects.toMatchObject({
      code: 'invalid_input',
      details: { allowed: expect.stringContaining('bytes') },
    })
    await expect(read('/dev/zero')).rejects.toMatchObject({ code: 'invalid_input' })
  })
})
