import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { SignedAnnouncement } from '../../shared/mesh/peers/announcement.ts'
import { atomicWrite } from './atomic-write.ts'
import { boundedRead, isMissing } from './bounded-read.ts'
import { isStale, MAX_ENTRIES, type RegistryStore, readEntry } from './registry-store.ts'

/** `<peer id>.json`. Only the peer itself writes its file; what it says is believed for its signature, not for its name. */
const ENTRY = /^[1-9A-HJ-NP-Za-km-z]{40,64}\.json$/
/** Bytes of one entry: an announcement in JSON, every character escaped. */
const ENTRY_BYTES = 32 * 1024

/** A registry as a folder with a file for each peer: writers never meet. */
export class RegistryFolder implements RegistryStore {
  readonly folder: string
  readonly #own: string
  readonly #now: () => number
  /** The name after which the next read begins, where there are more than one read takes. */
  #cursor = ''

  constructor({ path, peerId, now }: { path: string; peerId: string; now: () => number }) {
    this.folder = path
    this.#own = `${peerId}.json`
    this.#now = now
  }

  concerns(file: string): boolean {
    return ENTRY.test(file) && file !== this.#own
  }

  async read(signal: AbortSignal): Promise<SignedAnnouncement[]> {
    const found: SignedAnnouncement[] = []
    for (const name of await this.#names()) {
      signal.throwIfAborted()
      const entry = await this.#entry(name)
      if (entry !== undefined && !(await this.#cleaned(name, entry))) found.push(entry)
    }
    return found
  }

  async write(own: SignedAnnouncement | undefined, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const path = join(this.folder, this.#own)
    if (own === undefined) return rm(path, { force: true })
    const { text, signature } = own
    const line = `${JSON.stringify({ text, signature })}\n`
    await mkdir(this.folder, { recursive: true })
    if ((await boundedRead(path, ENTRY_BYTES).catch(() => undefined)) !== line) await atomicWrite(path, line)
  }

  async #names(): Promise<string[]> {
    const all = await readdir(this.folder).catch(error => {
      if (isMissing(error)) return []
      throw error
    })
    const names = all.filter(name => this.concerns(name)).sort()
    if (names.length <= MAX_ENTRIES) return names
    const from = names.findIndex(name => name > this.#cursor)
    const turn = [...names.slice(Math.max(0, from)), ...names.slice(0, Math.max(0, from))].slice(
      0,
      MAX_ENTRIES,
    )
    this.#cursor = turn.at(-1) ?? ''
    return turn
  }

  /** A file that is half written, large, gone or not ours is no entry. */
  async #entry(name: string): Promise<SignedAnnouncement | undefined> {
    try {
      return readEntry(JSON.parse((await boundedRead(join(this.folder, name), ENTRY_BYTES)) ?? 'null'))
    } catch {
      return undefined
    }
  }

  /** A peer that writes anew in this moment loses its file until it publishes again. */
  async #cleaned(name: string, entry: SignedAnnouncement): Promise<boolean> {
    if (!isStale(entry, this.#now())) return false
    const path = join(this.folder, name)
    const written = await stat(path).catch(() => undefined)
    if (written !== undefined && this.#now() - written.mtimeMs > 60_000) {
      await rm(path, { force: true }).catch(() => {})
    }
    return true
  }
}
