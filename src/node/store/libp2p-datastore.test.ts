import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tcpHost } from '../../shared/mesh/mesh-pair.fixture.ts'
import { libp2pDatastore } from './libp2p-datastore.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'toolmesh-libp2p-'))
})
afterEach(() => rm(folder, { recursive: true }))

const peers = () => readdir(join(folder, 'libp2p', 'peers')).catch(() => [])

describe('what the mesh keeps on disk', () => {
  it('is its user alone, and named when it cannot be used', async () => {
    await libp2pDatastore(folder)
    expect((await stat(join(folder, 'libp2p'))).mode & 0o777).toBe(0o700)
    await rm(join(folder, 'libp2p'), { recursive: true })
    await writeFile(join(folder, 'libp2p'), '')
    await expect(libp2pDatastore(folder)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/libp2p cannot be used .*move it away/),
    })
  })

  it('grows by no stranger that came and went', async () => {
    const open = async () =>
      tcpHost({ datastore: await libp2pDatastore(folder), gater: { isGranted: () => false } })
    const node = await open()
    const own = (await peers()).length
    const stranger = await tcpHost()
    const session = await stranger.connect(node.addresses(), {
      expect: node.peerId,
      signal: AbortSignal.timeout(20_000),
    })
    await vi.waitFor(async () => expect((await peers()).length).toBeGreaterThan(own), { timeout: 20_000 })
    await session.close()
    await stranger.close()
    await vi.waitFor(async () => expect((await peers()).length).toBe(own), { timeout: 20_000 })
    await node.close()
  })
})
