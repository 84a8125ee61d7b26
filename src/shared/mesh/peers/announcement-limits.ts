/** Bounds of what a peer may say of itself (docs/LIMITS.md). */

/** Characters of an announcement's text; it is ASCII but for names and labels. */
export const MAX_ANNOUNCEMENT_CHARS = 4096
export const MAX_ADDRESSES = 16
/** Characters of one address. */
export const MAX_ADDRESS_CHARS = 512
/** Of the addresses through one relay: one by it, and one that goes on from there to a direct connection. */
export const MAX_ADDRESSES_OF_A_RELAY = 2
/** Places that direct addresses leave to relayed ones, where there are so many of both. */
export const MAX_RELAYED_ADDRESSES = 6
export const MAX_ANNOUNCED_LABELS = 32
/** Characters of a name, a label, an agent. */
export const MAX_WORD_CHARS = 64

/** Milliseconds that an announcement holds: at least, at most, and unless something else is asked for. */
export const MIN_TTL_MS = 60_000
export const MAX_TTL_MS = 24 * 3_600_000
export const DEFAULT_TTL_MS = 30 * 60_000
/** The same of a tab, of which half are gone after a quarter of an hour. */
export const TAB_TTL_MS = 10 * 60_000

/** How far ahead the clock of an announcement's maker may be, milliseconds. */
export const CLOCK_SKEW_MS = 5 * 60_000
