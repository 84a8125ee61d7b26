import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { LocalPeerBook } from './peer-book.ts'
import { type PeerBookStore, SAVED_PEERS } from './peer-book-store.ts'

/** Milliseconds between two times that the book is saved, at least. */
const SAVE_EVERY_MS = 30_000

export interface KeepPeerBookInit {
  book: LocalPeerBook
  store: PeerBookStore
  /** Of the newest announcement of this peer. */
  ownSeq: () => number
  /** Most peers that are saved. Default {@link SAVED_PEERS}. */
  most?: number
  clock: Clock
  logger: Logger
}

/** Saves the book some time after it has changed. The returned function saves it once more and ends that. */
export function keepPeerBook({
  book,
  store,
  ownSeq,
  most = SAVED_PEERS,
  clock,
  logger,
}: KeepPeerBookInit): () => Promise<void> {
  let stopTimer: (() => void) | undefined
  let saving: Promise<void> = Promise.resolve()

  function save(): Promise<void> {
    stopTimer = undefined
    saving = saving
      .then(() => store.save({ own_seq: ownSeq(), peers: book.saved(Math.min(most, SAVED_PEERS)) }))
      .catch(error => logger('warning', 'the peer book could not be saved', { error: String(error) }))
    return saving
  }

  const stopListening = book.onChange(() => {
    stopTimer ??= clock.after(SAVE_EVERY_MS, () => void save())
  })
  return () => {
    stopListening()
    stopTimer?.()
    return save()
  }
}
