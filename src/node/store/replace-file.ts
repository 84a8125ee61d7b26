import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UnwritableDataDirError } from '../errors.ts'

/**
 * Replaces a file whole and durably: whatever happens, it then holds the old text or the new. The folder must
 * exist. `mode` is what the new file has, for example 0o600. Rejects with UnwritableDataDirError (`unavailable`).
 */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.new`
  try {
    await writeOver(path, draft, text, mode)
  } catch (cause) {
    // A part of it would only take room that is missing.
    await rm(draft, { force: true }).catch(() => {})
    throw new UnwritableDataDirError(dirname(path), cause)
  }
}

async function writeOver(path: string, draft: string, text: string, mode: number): Promise<void> {
  await rm(draft, { force: true })
  const file = await open(draft, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  await syncFolder(dirname(path))
}

/** Makes a rename durable (POSIX); Windows cannot open a folder and needs no such thing. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
