import { z } from 'zod'
import { savedPeer } from './saved-peer.ts'

/** Peers that are kept over a restart: those that are worth most. */
export const SAVED_PEERS = 2000

/** What is kept of a peer book, and of what this peer said of itself. */
export const savedPeers = z.object({
  /** Sequence number of its last announcement. */
  own_seq: z.int().min(0),
  peers: z.array(savedPeer).max(SAVED_PEERS),
})
export type SavedPeers = z.infer<typeof savedPeers>

/** Where a peer book outlasts its process. Drivers: a file (src/node/store), IndexedDB (src/browser/store). */
export interface PeerBookStore {
  /** Undefined where nothing was saved yet, or what was is damaged: a book can always begin anew. */
  load(): Promise<SavedPeers | undefined>
  /** Replaces all. */
  save(saved: SavedPeers): Promise<void>
}
