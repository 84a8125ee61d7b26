import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import {
  type AuthorityState,
  type AuthorityStore,
  authorityState,
} from '../../shared/authority/authority-store.ts'
import { DamagedAuthorityStateError } from '../../shared/authority/errors.ts'

/** Only the owner reads it: it tells who may do what, though no secret. */
const FILE_MODE = 0o600

/** Keeps the authority's state in one JSON file, replaced whole, so that a crash leaves the old one or the new. */
export class AuthorityFile implements AuthorityStore {
  readonly #path: string

  /** The folder must exist; the file is made by the first save. */
  constructor(path: string) {
    this.#path = path
  }

  async load(): Promise<AuthorityState | undefined> {
    const text = await readFile(this.#path, 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    })
    if (text === undefined) return undefined
    const parsed = authorityState.safeParse(this.#json(text))
    if (!parsed.success)
      throw new DamagedAuthorityStateError(this.#path, z.prettifyError(parsed.error), parsed.error)
    return parsed.data
  }

  async save(state: AuthorityState): Promise<void> {
    const draft = `${this.#path}.new`
    await rm(draft, { force: true })
    const file = await open(draft, 'wx', FILE_MODE)
    try {
      await file.writeFile(`${JSON.stringify(state, null, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, this.#path)
    await syncFolder(dirname(this.#path))
  }

  #json(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new DamagedAuthorityStateError(this.#path, 'it is not JSON', error)
    }
  }
}

/** Makes a rename durable (POSIX); Windows cannot open a folder and needs no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
