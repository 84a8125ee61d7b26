import type { Clock } from '../../clock.ts'
import { factsOf } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import type { SignedAnnouncement } from '../peers/announcement.ts'
import { announceEveryMs } from './announce-budget.ts'
import type { DiscoverySource, Found, SourceReport } from './discovery-source.ts'
import type { DiscoveryLimits } from './limits.ts'
import { Recurring } from './recurring.ts'

export interface SourceRunInit {
  source: DiscoverySource
  /** Hears what was found; how much of it was worth something. */
  hear: (found: readonly Found[], signal: AbortSignal) => Promise<number>
  /** What this peer says of itself now; undefined while it cannot be reached. */
  own: () => SignedAnnouncement | undefined
  /** How many peers are known. */
  peers: () => number
  limits: DiscoveryLimits
  clock: Clock
  logger: Logger
  random: () => number
}

/** One source at work: its looks and publications, each at its own pace, and how it does. */
export class SourceRun {
  readonly #init: SourceRunInit
  readonly #looks: Recurring
  readonly #publications: Recurring
  readonly #ended = new AbortController()
  readonly #waiting: Found[] = []
  readonly #endings: (() => void)[] = []
  readonly #report: SourceReport
  /** There is something of ours where others look. */
  #published = false

  constructor(init: SourceRunInit) {
    this.#init = init
    const { source, limits, clock, random } = init
    this.#report = { name: source.name, looks: 0, found: 0, published: 0 }
    const pace = {
      limitMs: limits.attemptMs,
      firstBackoffMs: limits.firstBackoffMs,
      longestBackoffMs: source.longestBackoffMs ?? limits.longestBackoffMs,
      clock,
      random,
      onResult: (error: unknown) => this.#tell(error),
    }
    this.#looks = new Recurring({
      ...pace,
      work: signal => this.#look(signal),
      everyMs: () => source.everyMs,
      gapMs: () => 0,
    })
    this.#publications = new Recurring({
      ...pace,
      work: signal => this.#publish(signal),
      everyMs: () => this.#publishEveryMs(source.everyMs),
      // What is read seldom need not be said often.
      gapMs: () => this.#publishEveryMs(Math.max(limits.publishGapMs, source.everyMs / 10)),
    })
  }

  start(): void {
    const { source, limits } = this.#init
    const { listen, onReady } = source
    if (listen !== undefined) this.#endings.push(listen.call(source, found => this.#take(found)))
    if (onReady !== undefined) this.#endings.push(onReady.call(source, () => this.#ready()))
    if (source.find !== undefined) this.#looks.within(limits.firstLookMs)
    this.ownChanged()
  }

  /** The own announcement is another one: published when the pace of the source allows it. */
  ownChanged(): void {
    const { source, own, limits } = this.#init
    if (source.publish === undefined || own() === undefined) return
    // Where a network comes back, the words of all change at once.
    this.#publications.within(this.#published ? limits.wakeMs : limits.firstLookMs)
  }

  /** What failed last is tried again soon. */
  wake(): void {
    const { limits } = this.#init
    this.#looks.retry(limits.wakeMs)
    this.#publications.retry(limits.wakeMs)
  }

  get report(): SourceReport {
    return { ...this.#report }
  }

  /** A look now, unless the last one began within `gapMs`. */
  async look(gapMs: number): Promise<void> {
    if (this.#init.source.find === undefined || this.#looks.hasJustRun(gapMs)) return
    await this.#looks.now()
  }

  /** A publication now, whatever its pace, unless the last one began within `gapMs`; there must be something to say. */
  async announce(gapMs: number): Promise<void> {
    const { source, own } = this.#init
    if (source.publish === undefined || own() === undefined || this.#publications.hasJustRun(gapMs)) return
    await this.#publications.now()
  }

  /** Asks for one peer, by a question for it alone where the source takes such, else by a look that is not too young. */
  async lookFor(peerId: string, gapMs: number, signal: AbortSignal): Promise<void> {
    const { source, hear, limits } = this.#init
    if (source.lookFor === undefined) return this.look(gapMs)
    try {
      const late = AbortSignal.any([signal, this.#ended.signal, AbortSignal.timeout(limits.attemptMs)])
      const found = await source.lookFor(peerId, late)
      this.#report.found += await hear(found.slice(0, limits.foundPerLook), late)
    } catch (error) {
      if (!signal.aborted) this.#tell(error)
    }
  }

  /** Stops it, and takes back what was published as far as `signal` leaves time. */
  async close(signal: AbortSignal): Promise<void> {
    const { source } = this.#init
    this.#ended.abort()
    this.#looks.close()
    this.#publications.close()
    for (const end of this.#endings) end()
    const aborted = new Promise<void>(resolve =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    )
    const quietly = (work: Promise<void> | undefined) =>
      Promise.race([Promise.resolve(work).catch(() => {}), aborted])
    if (this.#published && !signal.aborted) await quietly(source.withdraw?.(signal))
    await quietly(source.close())
  }

  /** There is somebody to talk to again, who knows nothing of this peer. */
  #ready(): void {
    const { source, own, limits } = this.#init
    if (source.find !== undefined) this.#looks.afresh(limits.wakeMs)
    if (source.publish !== undefined && own() !== undefined) this.#publications.afresh(limits.wakeMs)
  }

  #publishEveryMs(leastMs: number): number {
    const { source, peers } = this.#init
    return source.floods ? announceEveryMs(peers(), leastMs) : leastMs
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { source, hear, limits } = this.#init
    this.#report.looks += 1
    const found = (await source.find?.(signal)) ?? []
    this.#report.found += await hear(found.slice(0, limits.foundPerLook), signal)
  }

  async #publish(signal: AbortSignal): Promise<void> {
    const { source, own } = this.#init
    const announcement = own()
    if (announcement === undefined) return
    this.#published = true
    await source.publish?.(announcement, signal)
    this.#report.published += 1
  }

  /** What is heard waits in a short line, so that a flood costs no more than its own source. */
  #take(found: Found): void {
    if (this.#waiting.length >= this.#init.limits.waitingToBeHeard) return
    this.#waiting.push(found)
    if (this.#waiting.length === 1) void this.#hearWaiting()
  }

  async #hearWaiting(): Promise<void> {
    const { hear } = this.#init
    for (
      let [next] = this.#waiting;
      next !== undefined && !this.#ended.signal.aborted;
      [next] = this.#waiting
    ) {
      const worth = await hear([next], this.#ended.signal).catch(error => {
        this.#tell(error)
        return 0
      })
      this.#waiting.shift()
      this.#report.found += worth
      if (worth > 0) this.#tell(undefined)
    }
  }

  #tell(error: unknown): void {
    const { source, clock, logger } = this.#init
    const failing = this.#report.error !== undefined && failedLast(this.#report)
    if (error === undefined) {
      this.#report.last_success = clock.now()
      if (failing) logger('info', 'a source of peers works again', { source: source.name })
      return
    }
    const { code, message } = factsOf(error)
    this.#report.last_failure = clock.now()
    this.#report.error = { code, message }
    logger(failing ? 'debug' : 'info', 'a source of peers failed', { source: source.name, code, message })
  }
}

function failedLast({ last_success = 0, last_failure = 0 }: SourceReport): boolean {
  return last_failure >= last_success
}
