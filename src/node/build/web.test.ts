import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../shared/logger.ts'
import { ensureWeb } from './web.ts'

const CONFIG = `import { fileURLToPath } from 'node:url'
export default {
  root: fileURLToPath(new URL('web', import.meta.url)),
  build: { outDir: fileURLToPath(new URL('dist/web', import.meta.url)), emptyOutDir: true },
}`

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'toolmesh-web-'))
  await mkdir(join(root, 'web'))
  await writeFile(join(root, 'package.json'), '{"type":"module"}')
  await writeFile(join(root, 'vite.config.ts'), CONFIG)
  await writeFile(join(root, 'web', 'index.html'), '<!doctype html><title>first</title>')
})

afterEach(() => rm(root, { recursive: true }))

describe('ensureWeb', () => {
  it('builds what was never built, then nothing until a source changes', async () => {
    expect(await ensureWeb({ root, logger: silentLogger })).toBe(true)
    expect(await ensureWeb({ root, logger: silentLogger })).toBe(false)
    const later = new Date(Date.now() + 1000)
    await utimes(join(root, 'web', 'index.html'), later, later)
    expect(await ensureWeb({ root, logger: silentLogger })).toBe(true)
  })

  it('builds again after its output was deleted', async () => {
    await ensureWeb({ root, logger: silentLogger })
    await rm(join(root, 'dist', 'web'), { recursive: true })
    expect(await ensureWeb({ root, logger: silentLogger })).toBe(true)
  })
})
