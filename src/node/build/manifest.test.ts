import { cp, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger } from '../../shared/logger.ts'
import { BadManifestError } from '../../shared/tools/errors.ts'
import { parseManifest } from '../../shared/tools/manifest.ts'
import type { ToolDescriptor } from '../../shared/tools/tool.ts'
import { ensureManifest } from './manifest.ts'

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url))

describe('ensureManifest', () => {
  let root: string
  let out: string
  const ensure = () => ensureManifest({ root, out, logger: silentLogger })
  const find = (tools: ToolDescriptor[], name: string) => tools.find(tool => tool.name === name)!
  const madeAt = async () => (await stat(out)).mtimeMs

  // A project of two categories, so that a test may change its files.
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'manifest-'))
    out = join(root, 'dist', 'tools.json')
    for (const path of ['tools/crypto', 'tools/text', 'src/shared']) {
      await cp(join(PROJECT, path), join(root, path), { recursive: true })
    }
    await writeFile(join(root, 'package.json'), '{"type":"module"}')
    await writeFile(join(root, 'package-lock.json'), '{}')
    await symlink(join(PROJECT, 'node_modules'), join(root, 'node_modules'))
  })

  afterAll(() => rm(root, { recursive: true }))

  it('describes every tool, and writes what the tab imports', async () => {
    const tools = await ensure()
    expect(tools.map(({ module }) => module)).toEqual([
      'crypto/crypto_hash.ts',
      'text/text_chunk.ts',
      'text/text_keywords.ts',
      'text/text_minhash.ts',
      'text/text_token_count.ts',
    ])
    expect(parseManifest(JSON.parse(await readFile(out, 'utf8')))).toEqual(tools)
    expect(new Set(tools.map(tool => tool.code_cid)).size).toBe(5)
  })

  it('reads it back, without a rebuild, as long as nothing changed', async () => {
    const first = await ensure()
    const made = await madeAt()
    expect(await ensure()).toEqual(first)
    expect(await madeAt()).toBe(made)
  })

  it('gives a new code CID to the tools whose code changed, in a file below them too, and to no others', async () => {
    const before = await ensure()
    const shared = join(root, 'tools/text/words-of.ts')
    await writeFile(shared, `${await readFile(shared, 'utf8')}// changed\n`)
    await utimes(shared, new Date(), new Date(Date.now() + 5_000))
    const after = await ensure()
    for (const name of ['text_keywords', 'text_minhash']) {
      expect(find(after, name).code_cid).not.toBe(find(before, name).code_cid)
      expect(find(after, name).interface_cid).toBe(find(before, name).interface_cid)
    }
    for (const name of ['crypto_hash', 'text_chunk']) expect(find(after, name)).toEqual(find(before, name))
    await utimes(shared, new Date(0), new Date(0))
  })

  it('is made again when the file is damaged', async () => {
    const before = await ensure()
    await writeFile(out, '{"version":1,"tools":[{"name":3}]}')
    expect(await ensure()).toEqual(before)
    await writeFile(out, '{"vers')
    expect(await ensure()).toEqual(before)
  })

  it('takes the manifest as it is where no sources are: an installed package', async () => {
    const installed = await mkdtemp(join(tmpdir(), 'installed-'))
    const tools = await ensure()
    const shipped = join(installed, 'tools.json')
    await cp(out, shipped)
    expect(await ensureManifest({ root: installed, out: shipped, logger: silentLogger })).toEqual(tools)
    await rm(installed, { recursive: true })
  })
})

describe('parseManifest', () => {
  it.each([[null], [{}], [{ version: 0, tools: [] }], [{ version: 1, tools: [{}] }]])('refuses %j', value => {
    expect(() => parseManifest(value)).toThrow(BadManifestError)
  })
})
