import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { describe, expect, it } from 'vitest'
import { UnwritableDataDirError } from './errors.ts'
import { DamagedIdentityError, loadIdentity } from './identity.ts'

async function freshDir(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'toolmesh-identity-')), 'data')
}

describe('loadIdentity', () => {
  it('makes a key that only its owner can read, and gives the same peer again', async () => {
    const dir = await freshDir()
    const first = peerIdFromPrivateKey(await loadIdentity(dir)).toString()
    const second = peerIdFromPrivateKey(await loadIdentity(dir)).toString()
    expect(second).toBe(first)
    expect((await stat(join(dir, 'identity.key'))).mode & 0o777).toBe(0o600)
  })

  it.each(['', 'not base64 !', 'AAAA'])('refuses a damaged file and leaves it as it was: %j', async text => {
    const dir = await freshDir()
    await loadIdentity(dir)
    await writeFile(join(dir, 'identity.key'), text)
    await expect(loadIdentity(dir)).rejects.toThrow(DamagedIdentityError)
    expect(await readFile(join(dir, 'identity.key'), 'utf8')).toBe(text)
  })

  it('names a directory that it cannot make', async () => {
    const dir = await freshDir()
    await writeFile(dir, 'a file in the way')
    await expect(loadIdentity(join(dir, 'below'))).rejects.toThrow(UnwritableDataDirError)
  })
})
