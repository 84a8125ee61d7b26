import { mkdir, mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AuthorityFile } from './authority-file.ts'
import { MembershipFile } from './membership-file.ts'
import { replaceFile } from './replace-file.ts'

/** A folder in which no file can take this name, as a folder has it: refused for root, too. */
async function folderWithout(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'toolmesh-replace-'))
  await mkdir(join(folder, name, 'inside'), { recursive: true })
  return folder
}

describe('a file that cannot be replaced', () => {
  it('is told as unavailable, to be tried again, with the data directory', async () => {
    const folder = await folderWithout('authority.json')
    const told = { code: 'unavailable', retryable: true, details: { field: 'dataDir', value: folder } }
    const state = { invites: [], grants: [], tokens: [] }
    await expect(
      new AuthorityFile(join(folder, 'authority.json')).save(state as never),
    ).rejects.toMatchObject(told)
    const other = await folderWithout('memberships.json')
    const memberships = new MembershipFile(join(other, 'memberships.json'))
    await expect(memberships.save([])).rejects.toMatchObject({ code: 'unavailable', retryable: true })
  })

  it('leaves no part of the new one behind', async () => {
    const folder = await folderWithout('state.json')
    await expect(replaceFile(join(folder, 'state.json'), 'text', 0o600)).rejects.toThrow(/cannot write to/)
    expect(await readdir(folder)).toEqual(['state.json'])
  })
})
