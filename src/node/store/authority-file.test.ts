import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Authority } from '../../shared/authority/authority.ts'
import { authorityStoreCompliance } from '../../shared/authority/authority-store.compliance.ts'
import { systemClock } from '../../shared/clock.ts'
import { AuthorityFile } from './authority-file.ts'

async function newPath(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'toolmesh-authority-')), 'authority.json')
}

authorityStoreCompliance('file', async () => {
  const path = await newPath()
  return () => new AuthorityFile(path)
})

function authorityOver(path: string): Authority {
  return new Authority({
    store: new AuthorityFile(path),
    clock: systemClock,
    random: bytes => crypto.getRandomValues(bytes),
    ownPeerId: 'own',
  })
}

describe('the authority file', () => {
  it('holds grants and tokens across a restart, and no secret', async () => {
    const path = await newPath()
    const before = authorityOver(path)
    const invite = await before.createInvite({ roles: ['work'], ttl_ms: 60_000, uses: 2 })
    await before.redeem(invite.secret, 'peer-a')
    const { token } = await before.redeemToken(invite.secret, '127.0.0.1')

    const after = authorityOver(path)
    expect(after.isGranted('peer-a')).toBe(false)
    await after.load()
    expect(after.principalOfPeer('peer-a')?.roles).toEqual(new Set(['work']))
    expect(after.principalOfBearer(token)?.roles).toEqual(new Set(['work']))
    const text = await readFile(path, 'utf8')
    expect(text).not.toContain(invite.secret)
    expect(text).not.toContain(token)
  })

  it('is readable by its owner only, and leaves no draft behind', async () => {
    const path = await newPath()
    await writeFile(`${path}.new`, 'left by a crash', { mode: 0o644 })
    await authorityOver(path).createInvite({ roles: ['read'], ttl_ms: 1000, uses: 1 })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(path, '..'))).toEqual(['authority.json'])
  })

  it.each([
    ['cut off', '{"version":1,"invites":['],
    ['of another form', '{"version":1,"invites":[{}],"grants":[],"tokens":[]}'],
    ['of a later version', '{"version":2,"invites":[],"grants":[],"tokens":[]}'],
    ['empty', ''],
  ])('is refused by name when %s, and stays as it was', async (_how, text) => {
    const path = await newPath()
    await writeFile(path, text)
    const authority = authorityOver(path)
    await expect(authority.load()).rejects.toThrow(`${path} is damaged`)
    await expect(authority.createInvite({ roles: ['read'], ttl_ms: 1000, uses: 1 })).rejects.toThrow(
      'damaged',
    )
    expect(await readFile(path, 'utf8')).toBe(text)
  })
})
