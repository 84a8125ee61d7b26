import { readFile, rename } from 'node:fs/promises'
import type { Logger } from '../../shared/logger.ts'
import { type PeerBookStore, type SavedPeers, savedPeers } from '../../shared/mesh/peers/peer-book-store.ts'
import { replaceFile } from './replace-file.ts'

/** Addresses of peers are nobody else's on this machine. */
const FILE_MODE = 0o600

/** Keeps the peer book in one JSON file, replaced whole. It only helps to find peers, so a damaged one stops no start. */
export class PeerBookFile implements PeerBookStore {
  readonly #path: string
  readonly #logger: Logger

  /** The folder must exist; the file is made by the first save. */
  constructor(path: string, logger: Logger) {
    this.#path = path
    this.#logger = logger
  }

  async load(): Promise<SavedPeers | undefined> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      this.#logger('warning', 'the peer book cannot be read; a new one begins', { error: String(error) })
      return undefined
    }
    try {
      return savedPeers.parse(JSON.parse(text))
    } catch (error) {
      await this.#moveAside(error)
      return undefined
    }
  }

  save(saved: SavedPeers): Promise<void> {
    return replaceFile(this.#path, `${JSON.stringify(saved)}\n`, FILE_MODE)
  }

  async #moveAside(why: unknown): Promise<void> {
    const aside = `${this.#path}.damaged`
    const moved = await rename(this.#path, aside).then(
      () => aside,
      () => undefined,
    )
    this.#logger('warning', 'the peer book is damaged; a new one begins', {
      path: this.#path,
      ...(moved === undefined ? {} : { moved_to: moved }),
      error: why instanceof Error ? why.message.slice(0, 200) : String(why),
    })
  }
}
