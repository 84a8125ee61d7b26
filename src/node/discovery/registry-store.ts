import { z } from 'zod'
import type { SignedAnnouncement } from '../../shared/mesh/peers/announcement.ts'
import {
  expiryOf,
  readAnnouncement,
  signedAnnouncement,
} from '../../shared/mesh/peers/signed-announcement.ts'

/** Entries that one read gives, and that a registry in one file holds. */
export const MAX_ENTRIES = 1000

/** Milliseconds after its end that an entry is cleaned away; clocks of machines differ. */
const STALE_MS = 10 * 60_000

/** Where a registry keeps its entries: a file, or a folder. */
export interface RegistryStore {
  /** What others have said, at most MAX_ENTRIES of it. */
  read(signal: AbortSignal): Promise<SignedAnnouncement[]>
  /** Sets this peer's entry, and cleans away stale ones; undefined takes it out. Writes only what is another. */
  write(own: SignedAnnouncement | undefined, signal: AbortSignal): Promise<void>
  /** The folder to watch, and whether a file in it is of others' making and matters. */
  readonly folder: string
  concerns(file: string): boolean
}

/** An entry as it is kept; undefined for anything else. */
export function readEntry(value: unknown): SignedAnnouncement | undefined {
  const parsed = signedAnnouncement.safeParse(value)
  return parsed.success ? parsed.data : undefined
}

export const entries = z.record(z.string().max(128), z.unknown())

/** Whether an entry ended long ago. One that cannot be read is left to whoever wrote it. */
export function isStale({ text }: SignedAnnouncement, now: number): boolean {
  const said = readAnnouncement(text)
  return said !== undefined && expiryOf(said) + STALE_MS < now
}
