import { get, set, type UseStore } from 'idb-keyval'
import { type PeerBookStore, type SavedPeers, savedPeers } from '../../shared/mesh/peers/peer-book-store.ts'

const KEY = 'peers'

/** Keeps a tab's peer book in the store of its slot. What cannot be read (of an older version) is as none. */
export class SlotPeerBookStore implements PeerBookStore {
  readonly #store: UseStore

  constructor(store: UseStore) {
    this.#store = store
  }

  async load(): Promise<SavedPeers | undefined> {
    const parsed = savedPeers.safeParse(await get<unknown>(KEY, this.#store))
    return parsed.success ? parsed.data : undefined
  }

  save(saved: SavedPeers): Promise<void> {
    return set(KEY, saved, this.#store)
  }
}
