import { mkdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { z } from 'zod'
import type { SignedAnnouncement } from '../../shared/mesh/peers/announcement.ts'
import { atomicWrite } from './atomic-write.ts'
import { boundedRead } from './bounded-read.ts'
import { NotARegistryError } from './errors.ts'
import { withRegistryLock } from './registry-lock.ts'
import { entries, isStale, MAX_ENTRIES, type RegistryStore, readEntry } from './registry-store.ts'

/** Bytes of a whole registry. */
const REGISTRY_BYTES = 16 * 1024 * 1024

const registry = z.object({ toolmesh_peers: z.literal(1), peers: entries })

/** A registry as one JSON file, `{"toolmesh_peers": 1, "peers": {"<peer id>": {text, signature}}}`; its writers take turns. */
export class RegistryFile implements RegistryStore {
  readonly folder: string
  readonly #path: string
  readonly #peerId: string
  readonly #now: () => number

  constructor({ path, peerId, now }: { path: string; peerId: string; now: () => number }) {
    this.folder = dirname(path)
    this.#path = path
    this.#peerId = peerId
    this.#now = now
  }

  concerns(file: string): boolean {
    return file === basename(this.#path)
  }

  async read(signal: AbortSignal): Promise<SignedAnnouncement[]> {
    signal.throwIfAborted()
    const { [this.#peerId]: _own, ...others } = await this.#peers()
    return Object.values(others)
      .flatMap(value => readEntry(value) ?? [])
      .slice(0, MAX_ENTRIES)
  }

  async write(own: SignedAnnouncement | undefined, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (!this.#differs(await this.#peers(), own)) return
    await mkdir(this.folder, { recursive: true })
    await withRegistryLock(this.#path, signal, async () => {
      const before = await this.#peers()
      if (!this.#differs(before, own)) return
      const { [this.#peerId]: _own, ...others } = this.#fresh(before)
      const peers =
        own === undefined
          ? others
          : { ...others, [this.#peerId]: { text: own.text, signature: own.signature } }
      await atomicWrite(this.#path, `${JSON.stringify({ toolmesh_peers: 1, peers }, null, 1)}\n`)
    })
  }

  #differs(peers: Record<string, unknown>, own: SignedAnnouncement | undefined): boolean {
    const kept = readEntry(peers[this.#peerId])
    return kept?.text !== own?.text || kept?.signature !== own?.signature
  }

  /** Without what ended long ago, what is no entry, and what is too much: the room for this peer is kept. */
  #fresh(peers: Record<string, unknown>): Record<string, SignedAnnouncement> {
    const good = Object.entries(peers).flatMap(([id, value]) => {
      const entry = readEntry(value)
      return entry === undefined || isStale(entry, this.#now()) ? [] : [[id, entry] as const]
    })
    return Object.fromEntries(good.slice(0, MAX_ENTRIES - 1))
  }

  async #peers(): Promise<Record<string, unknown>> {
    const text = (await boundedRead(this.#path, REGISTRY_BYTES)) ?? ''
    if (text.trim() === '') return {}
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      throw new NotARegistryError(this.#path, 'no JSON')
    }
    const parsed = registry.safeParse(value)
    if (!parsed.success) throw new NotARegistryError(this.#path, 'other JSON')
    return parsed.data.peers
  }
}
