/**
 * Finds peers and makes this one known, by every source that is switched on. It only helps to find: what is found goes
 * into the peer book, and who may do what, and who runs what, never depends on it.
 */
import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { SignedAnnouncement } from '../peers/announcement.ts'
import type { PeerBook } from '../peers/peer-book-contract.ts'
import type { DiscoverySource, Found, SourceName, SourceReport } from './discovery-source.ts'
import { DEFAULT_DISCOVERY_LIMITS, type DiscoveryLimits } from './limits.ts'
import { SourceRun } from './source-run.ts'
import { UnnamedAddresses } from './unnamed-addresses.ts'

export interface DiscoveryInit {
  ownPeerId: string
  sources: readonly DiscoverySource[]
  book: Pick<PeerBook, 'hear' | 'addressesOf' | 'size'>
  /** What this peer says of itself; undefined while there is no address at which it can be reached. */
  own: { current(): SignedAnnouncement | undefined; onChange(fn: () => void): () => void }
  /** The peer id that answers at an address; the host's. */
  whoIs: (address: string, signal: AbortSignal) => Promise<string>
  clock: Clock
  logger: Logger
  /** In [0, 1). */
  random: () => number
  limits?: Partial<DiscoveryLimits>
}

export class Discovery {
  readonly #init: DiscoveryInit
  readonly #limits: DiscoveryLimits
  readonly #runs: readonly SourceRun[]
  readonly #unnamed: UnnamedAddresses
  readonly #ended = new AbortController()
  /** When each peer was last searched for, monotonic milliseconds; the oldest is forgotten first. */
  readonly #searched = new Map<string, number>()
  readonly #stopOwn: () => void
  #closed: Promise<void> | undefined

  /** Begins at once, and holds nobody up. */
  constructor(init: DiscoveryInit) {
    this.#init = init
    const { sources, own, book, clock, logger, random, whoIs } = init
    const limits = { ...DEFAULT_DISCOVERY_LIMITS, ...init.limits }
    this.#limits = limits
    this.#unnamed = new UnnamedAddresses({ whoIs, limits, clock })
    this.#runs = sources.map(
      source =>
        new SourceRun({
          source,
          hear: (found, signal) => this.#hear(found, source.name, signal),
          own: () => own.current(),
          peers: () => book.size,
          limits,
          clock,
          logger,
          random,
        }),
    )
    for (const run of this.#runs) run.start()
    this.#stopOwn = own.onChange(() => {
      for (const run of this.#runs) run.ownChanged()
    })
  }

  /** How each source does. */
  reports(): SourceReport[] {
    return this.#runs.map(run => run.report)
  }

  /** Looks by all sources now, or by those named; one that has just looked, or was asked to wait, is left out. */
  async look(signal: AbortSignal, names?: readonly SourceName[]): Promise<SourceReport[]> {
    const runs = this.#named(names)
    await untilAborted(Promise.all(runs.map(run => run.look(this.#limits.lookGapMs))), signal)
    return runs.map(run => run.report)
  }

  /** Publishes the own announcement by all sources now, or by those named; one that has just done so is left out. */
  async announce(signal: AbortSignal, names?: readonly SourceName[]): Promise<SourceReport[]> {
    const runs = this.#named(names)
    await untilAborted(Promise.all(runs.map(run => run.announce(this.#limits.lookGapMs))), signal)
    return runs.map(run => run.report)
  }

  /** Searches for one peer, at most once in a while: whether an address of it is known then. */
  async lookFor(peerId: string, signal: AbortSignal): Promise<boolean> {
    const { clock, book } = this.#init
    const { searchGapMs, searchesRemembered } = this.#limits
    const last = this.#searched.get(peerId)
    if (last === undefined || clock.monotonic() - last >= searchGapMs) {
      this.#searched.delete(peerId)
      this.#searched.set(peerId, clock.monotonic())
      const [oldest] = this.#searched.keys()
      if (this.#searched.size > searchesRemembered && oldest !== undefined) this.#searched.delete(oldest)
      await untilAborted(Promise.all(this.#runs.map(run => run.lookFor(peerId, searchGapMs, signal))), signal)
    }
    return book.addressesOf(peerId).length > 0
  }

  /** There may be a network again: what waits after failures is tried soon, at a moment by chance. */
  wake(): void {
    for (const run of this.#runs) run.wake()
  }

  /** Stops looking, takes back what was published within a moment, and closes the sources. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#stopOwn()
    this.#ended.abort()
    const late = new AbortController()
    const stop = this.#init.clock.after(this.#limits.withdrawMs, () => late.abort())
    await Promise.all(this.#runs.map(run => run.close(late.signal)))
    stop()
  }

  #named(names: readonly SourceName[] | undefined): readonly SourceRun[] {
    return names === undefined ? this.#runs : this.#runs.filter(run => names.includes(run.report.name))
  }

  async #hear(found: readonly Found[], source: SourceName, signal: AbortSignal): Promise<number> {
    const { book, ownPeerId } = this.#init
    const named = found.filter(one => 'announcement' in one || one.peer_id !== undefined)
    const unnamed = found.flatMap(one =>
      'announcement' in one || one.peer_id !== undefined ? [] : one.addresses,
    )
    const owners = unnamed.length === 0 ? [] : await this.#unnamed.owners(unnamed, signal)
    const all = [...named, ...[...owners].map(([peer_id, addresses]) => ({ peer_id, addresses }))]
    let worth = 0
    for (const one of all) {
      if (this.#ended.signal.aborted) break
      if (!('announcement' in one) && one.peer_id === ownPeerId) continue
      if ((await book.hear(one, source)) !== 'ignored') worth += 1
    }
    return worth
  }
}

/** Resolves when `work` has, or at the abort. */
async function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const abort = () => resolve()
  signal.addEventListener('abort', abort, { once: true })
  await Promise.race([work, promise])
  signal.removeEventListener('abort', abort)
}
