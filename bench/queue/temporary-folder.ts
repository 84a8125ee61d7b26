import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder, of the user `owner` where one is given; all of them lie on one file system. */
export async function temporaryFolder(owner?: { uid: number; gid: number }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'toolmesh-bench-'))
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid)
  return folder
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}
