import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import {
  type AuthorityState,
  type AuthorityStore,
  authorityState,
} from '../../shared/authority/authority-store.ts'
import { DamagedAuthorityStateError } from '../../shared/authority/errors.ts'
import { replaceFile } from './replace-file.ts'

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
      throw new DamagedAuthorityStateError(this.#path, firstProblem(parsed.error), parsed.error)
    return parsed.data
  }

  async save(state: AuthorityState): Promise<void> {
    await replaceFile(this.#path, `${JSON.stringify(state, null, 2)}\n`, FILE_MODE)
  }

  #json(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new DamagedAuthorityStateError(this.#path, 'it is not JSON', error)
    }
  }
}

/** One line, as it is printed at the start. */
function firstProblem({ issues: [issue] }: z.ZodError): string {
  return issue === undefined ? 'not its format' : `${issue.path.join('.') || 'it'}: ${issue.message}`
}
