import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../shared/logger.ts'
import { discoverySourceCompliance } from '../../shared/mesh/discovery/discovery-source.compliance.ts'
import type { Found } from '../../shared/mesh/discovery/discovery-source.ts'
import { TEST_TIME, type TestPeer, testPeer } from '../../shared/mesh/peers/peers.fixture.ts'
import { fileRegistry } from './file-registry.ts'

const signal = AbortSignal.timeout(60_000)
const WHERE = { file: 'peers.json', folder: 'peers' }

function registry(path: string, { peerId }: Pick<TestPeer, 'peerId'>, now = TEST_TIME) {
  return fileRegistry({ path, peerId, now: () => now, logger: silentLogger })
}

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'toolmesh-registry-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

for (const [kind, name] of Object.entries(WHERE)) {
  discoverySourceCompliance(`a registry in a ${kind}`, async () => ({
    open: async peer => registry(join(root, name), peer),
    async spoil() {
      const peer = await testPeer()
      await registry(join(root, name), peer).publish?.(await peer.says(), signal)
      if (kind === 'file') {
        const text = JSON.parse(await readFile(join(root, name), 'utf8'))
        text.peers.other = { text: 4 }
        await writeFile(join(root, name), JSON.stringify(text))
      } else {
        await writeFile(join(root, name, `${'1'.repeat(46)}.json`), '{"text":')
        await writeFile(join(root, name, `${'2'.repeat(46)}.json`), 'x'.repeat(100_000))
      }
    },
    dispose: async () => {},
  }))

  describe(`a registry in a ${kind}`, () => {
    it('tells of what changes without a look', async () => {
      const [a, b] = [await testPeer(), await testPeer()]
      const reader = registry(join(root, name), a)
      const heard: Found[] = []
      reader.listen?.(found => heard.push(found))
      const words = await b.says()
      await vi.waitFor(async () => {
        const writer = registry(join(root, name), b)
        await writer.withdraw?.(signal)
        await writer.publish?.(words, signal)
        expect(heard).toContainEqual({ announcement: words })
      })
      await reader.close()
    })

    it('cleans away what ended long ago', async () => {
      const [a, b] = [await testPeer(), await testPeer()]
      const path = join(root, name)
      await registry(path, a).publish?.(await a.says(), signal)
      if (kind === 'folder') await utimes(join(path, `${a.peerId}.json`), TEST_TIME / 1000, TEST_TIME / 1000)
      const later = TEST_TIME + 3_600_000
      const source = registry(path, b, later)
      await source.find?.(signal)
      await source.publish?.(await b.says({ seq: later, issued_at: later }), signal)
      const left = kind === 'folder' ? (await readdir(path)).join() : await readFile(path, 'utf8')
      expect(left).toContain(b.peerId)
      expect(left).not.toContain(a.peerId)
    })
  })
}

describe('a registry in a file', () => {
  it('is not written over something else', async () => {
    const path = join(root, 'package.json')
    await writeFile(path, '{"name":"mine"}')
    const peer = await testPeer()
    await expect(registry(path, peer).publish?.(await peer.says(), signal)).rejects.toThrow(
      `${path} is not a registry of peers (other JSON); it is left as it is`,
    )
    expect(await readFile(path, 'utf8')).toBe('{"name":"mine"}')
  })

  it('goes on when a writer died with the lock', async () => {
    const path = join(root, WHERE.file)
    await writeFile(`${path}.lock`, '')
    await utimes(`${path}.lock`, 1, 1)
    const peer = await testPeer()
    await registry(path, peer).publish?.(await peer.says(), signal)
    expect(await readdir(root)).toEqual([WHERE.file])
  })

  it('loses nothing when processes write at once', async () => {
    const path = join(root, WHERE.file)
    const writers = [1, 2, 3].map(() =>
      fork(new URL('write-registry.fixture.ts', import.meta.url), [path, '15']),
    )
    const ends = await Promise.all(writers.map(writer => once(writer, 'exit')))
    expect(ends.map(([status]) => status)).toEqual([0, 0, 0])
    const reader = registry(path, { peerId: 'nobody' })
    expect(await reader.find?.(signal)).toHaveLength(45)
  })
})
