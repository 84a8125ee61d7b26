import { Key } from 'interface-datastore'
import { base64url } from 'multiformats/bases/base64'
import { z } from 'zod'
import type { Clock } from '../../../shared/clock.ts'
import type { Logger } from '../../../shared/logger.ts'
import {
  CERTIFICATE_LIFE_MS,
  type ListenerCertificate,
  listenerCertificate,
  makeCertificate,
} from './certificate.ts'

const HOUR_MS = 3_600_000
/** How far the clock of a peer may be off ours. */
const SKEW_MS = HOUR_MS
/** Timers stand still while a machine sleeps, its certificates' time does not: looked at so often at least. */
const LOOK_EVERY_MS = HOUR_MS
/** Certificates before the current one whose hashes are still named: an address that is older cannot be dialled any more. */
const PAST = 2

const DATASTORE_KEY = new Key('/webtransport/certificates')

/** What libp2p's datastore has of it. */
export interface BookStore {
  get(key: Key): Promise<Uint8Array> | Uint8Array
  put(key: Key, value: Uint8Array): Promise<unknown> | unknown
}

export interface CertificateBookParts {
  store: BookStore
  clock: Clock
  logger: Logger
}

interface Pages {
  current: ListenerCertificate
  next: ListenerCertificate
  /** Hashes, the latest first. */
  past: Uint8Array[]
}

const pair = z.strictObject({ cert: z.string(), key: z.string() })
const storedSchema = z.strictObject({ current: pair, next: pair, past: z.array(z.string()).max(PAST) })

/**
 * The certificates of the WebTransport listener: the one that is shown, the one that follows it, so that an address with
 * both hashes is good for two to four weeks, and the hashes of those before. Kept over restarts. Turned in place, an
 * hour before the current one ends.
 */
export class CertificateBook {
  readonly #parts: CertificateBookParts
  readonly #listeners = new Set<() => void>()
  #pages: Pages
  #stopLooking: (() => void) | undefined

  private constructor(parts: CertificateBookParts, pages: Pages) {
    this.#parts = parts
    this.#pages = pages
  }

  /** Reads what was kept; makes anew what is not there, damaged or over. */
  static async open(parts: CertificateBookParts): Promise<CertificateBook> {
    const kept = await readPages(parts.store)
    const book = new CertificateBook(parts, kept ?? (await newPages(parts.clock.now())))
    if (kept === undefined) await book.#keep()
    await book.#turnWhenDue()
    return book
  }

  /** The certificate to show. */
  get current(): ListenerCertificate {
    return this.#pages.current
  }

  /** Hashes for an address: the current and the next certificate's. */
  get announced(): Uint8Array[] {
    return [this.#pages.current.certhash, this.#pages.next.certhash]
  }

  /** Hashes that may stand in anybody's address of this node. */
  get known(): Uint8Array[] {
    return [...this.announced, ...this.#pages.past]
  }

  /** Calls `fn` when the certificates were turned; while anybody listens, they are turned in time. */
  onTurned(fn: () => void): () => void {
    this.#listeners.add(fn)
    if (this.#listeners.size === 1) this.#lookLater()
    return () => {
      this.#listeners.delete(fn)
      if (this.#listeners.size === 0) this.#stopLooking?.()
    }
  }

  #lookLater(): void {
    const { clock, logger } = this.#parts
    const due = turnAt(this.#pages) - clock.now()
    this.#stopLooking = clock.after(Math.max(1, Math.min(due, LOOK_EVERY_MS)), () => {
      this.#turnWhenDue()
        .catch(error =>
          logger('error', 'the certificates of WebTransport could not be renewed', { error: String(error) }),
        )
        .finally(() => {
          if (this.#listeners.size > 0) this.#lookLater()
        })
    })
  }

  async #turnWhenDue(): Promise<void> {
    const { clock, logger } = this.#parts
    const now = clock.now()
    if (now < turnAt(this.#pages)) return
    const { current, next, past } = this.#pages
    this.#pages =
      now < turnAt({ current: next })
        ? {
            current: next,
            next: await makeCertificate(followsAt(next)),
            past: [current.certhash, ...past].slice(0, PAST),
          }
        : await newPages(now)
    await this.#keep()
    logger('info', 'the certificates of WebTransport were renewed', {
      until: new Date(this.#pages.current.notAfter).toISOString(),
    })
    for (const fn of this.#listeners) fn()
  }

  async #keep(): Promise<void> {
    const { current, next, past } = this.#pages
    const stored: z.infer<typeof storedSchema> = {
      current: { cert: current.cert, key: current.key },
      next: { cert: next.cert, key: next.key },
      past: past.map(hash => base64url.encode(hash)),
    }
    await this.#parts.store.put(DATASTORE_KEY, new TextEncoder().encode(JSON.stringify(stored)))
  }
}

/** From then on the next one is shown: a peer whose clock is ahead must not see one that has ended. */
function turnAt({ current }: Pick<Pages, 'current'>): number {
  return current.notAfter - SKEW_MS
}

/** The one after this begins so that it is valid for a peer whose clock is behind, when it is turned to. */
function followsAt({ notAfter }: ListenerCertificate): number {
  return notAfter - 2 * SKEW_MS
}

async function newPages(now: number): Promise<Pages> {
  const current = await makeCertificate(now - SKEW_MS)
  return { current, next: await makeCertificate(followsAt(current)), past: [] }
}

async function readPages(store: BookStore): Promise<Pages | undefined> {
  try {
    const bytes = await store.get(DATASTORE_KEY)
    const { current, next, past } = storedSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
    const pages = {
      current: listenerCertificate(current),
      next: listenerCertificate(next),
      past: past.map(hash => base64url.decode(hash)),
    }
    return isUsable(pages.current) && isUsable(pages.next) ? pages : undefined
  } catch {
    // Not there, or damaged: it holds nothing that cannot be made again.
    return undefined
  }
}

function isUsable({ notBefore, notAfter }: ListenerCertificate): boolean {
  return notAfter - notBefore <= CERTIFICATE_LIFE_MS
}
