import type { Clock } from '../../clock.ts'
import type { PeerAnnouncement } from '../peers/announcement.ts'

/** Peers whose newest announcement is remembered. */
const REMEMBERED = 10_000

/** Milliseconds until the same words of a peer may go round again, for those that came meanwhile. */
export const SAID_AGAIN_MS = 50_000

/** Which announcement of each peer was the newest, so that old ones, and the same ones too often, are not passed on. */
export class NewestWords {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #heard = new Map<string, { seq: number; at: number }>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Whether it is worth passing on; it is the newest of its peer from then on. */
  isNews({ peer_id, seq }: PeerAnnouncement): boolean {
    const at = this.#clock.monotonic()
    const before = this.#heard.get(peer_id)
    if (before !== undefined && seq < before.seq) return false
    if (before !== undefined && seq === before.seq && at - before.at < SAID_AGAIN_MS) return false
    this.#heard.delete(peer_id)
    this.#heard.set(peer_id, { seq, at })
    const [oldest] = this.#heard.keys()
    if (this.#heard.size > REMEMBERED && oldest !== undefined) this.#heard.delete(oldest)
    return true
  }
}
