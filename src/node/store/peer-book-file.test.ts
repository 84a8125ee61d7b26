import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Logger } from '../../shared/logger.ts'
import { testPeer } from '../../shared/mesh/peers/peers.fixture.ts'
import { PeerBookFile } from './peer-book-file.ts'

let folder: string
let path: string
const logged: string[] = []
const logger: Logger = (level, message) => logged.push(`${level} ${message}`)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'toolmesh-peers-'))
  path = join(folder, 'peer-book.json')
  logged.length = 0
})
afterEach(() => rm(folder, { recursive: true }))

describe('the file of the peer book', () => {
  it('gives back what was saved, and is its owner’s alone', async () => {
    const peer = await testPeer()
    const saved = {
      own_seq: 7,
      peers: [
        {
          peer_id: peer.peerId,
          announcement: await peer.says(),
          addresses: [
            {
              address: '/ip4/192.0.2.1/tcp/1',
              sources: ['mdns' as const],
              heard_at: 1,
              failures: 0,
              dial_ms: 2.5,
            },
          ],
          met: true,
          first_seen: 1,
          last_seen: 2,
        },
      ],
    }
    const file = new PeerBookFile(path, logger)
    expect(await file.load()).toBeUndefined()
    await file.save(saved)
    expect(await new PeerBookFile(path, logger).load()).toEqual(saved)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(logged).toEqual([])
  })

  it.each([
    ['is no JSON', '{"own_seq": 1, "peers": ['],
    ['holds something else', '{"own_seq": "x", "peers": []}'],
    ['holds a peer of another form', '{"own_seq": 1, "peers": [{"peer_id": "a"}]}'],
    ['is empty', ''],
  ])('is moved aside when it %s, with one line, and a new book begins', async (_what, text) => {
    await writeFile(path, text)
    expect(await new PeerBookFile(path, logger).load()).toBeUndefined()
    expect(await readdir(folder)).toEqual(['peer-book.json.damaged'])
    expect(await readFile(`${path}.damaged`, 'utf8')).toBe(text)
    expect(logged).toEqual(['warning the peer book is damaged; a new one begins'])
  })

  it('that cannot be read stops nothing', async () => {
    expect(await new PeerBookFile(folder, logger).load()).toBeUndefined()
    expect(logged).toHaveLength(1)
  })
})
